import { numberText, type JsonObject } from '@runnel/cwl';

/** JSON of ES2025, which TypeScript's library does not know yet: a number written digit by digit. */
declare global {
  interface JSON {
    rawJSON(text: string): object;
  }
}

/** The output object as JSON. Large and small numbers are written without exponent, so that whole numbers stay whole for every reader. */
export function outputText(outputs: JsonObject): string {
  return JSON.stringify(
    outputs,
    (_key, value: unknown) => (typeof value === 'number' && String(value).includes('e') ? JSON.rawJSON(numberText(value)) : value),
    4,
  );
}
