import type { Diagnostic } from '../model.ts';
import { didYouMean } from './did-you-mean.ts';
import { isAtLeast, requiredFields, type Shape } from './field-rules.ts';
import { describeValue, type Raw } from './raw.ts';
import { at, join, type Scope } from './scope.ts';

/** Fields that carry a namespace are metadata and stand where they like. */
function isMetadata(field: string): boolean {
  return field.includes(':');
}

/**
 * Reports unknown, missing, ill-typed and too new fields of one map. In hints, which may be ignored, they are warnings. Null is the same as
 * absent, except where the shape asks for any value.
 */
export function checkShape(
  scope: Scope,
  raw: Raw,
  shape: Shape,
  path: string,
  options: { ignore?: readonly string[]; severity?: Diagnostic['severity'] } = {},
): void {
  const report = options.severity === 'warning' ? scope.report.warn : scope.report.error;
  for (const [field, value] of Object.entries(raw)) {
    if (scope.report.isFull()) return;
    if (isMetadata(field) || options.ignore?.includes(field)) continue;
    const rule = Object.hasOwn(shape.fields, field) ? shape.fields[field] : undefined;
    const where = () => at(scope, raw, field);
    if (!rule) {
      const known = Object.entries(shape.fields).filter(([, one]) => isAtLeast(scope.version, one.since ?? 'v1.0'));
      const hint = didYouMean(
        field,
        known.map(([name]) => name),
      );
      const list = known.map(([name]) => name).join(', ');
      const say = scope.lenient ? scope.report.warn : report;
      say(
        join(path, field),
        where(),
        `unknown field "${field}" in ${shape.name}`,
        'hint' in hint ? hint : { hint: `expected one of: ${list}` },
      );
    } else if (rule.since && !isAtLeast(scope.version, rule.since)) {
      report(
        join(path, field),
        where(),
        `the field "${field}" of ${shape.name} exists since CWL ${rule.since}, but this is a ${scope.version} document`,
      );
    } else if (value !== null && !rule.accepts(value, scope.version)) {
      report(join(path, field), where(), `expected ${rule.expected} as "${field}" of ${shape.name}, found ${describeValue(value)}`);
    }
  }
  for (const field of requiredFields(shape)) {
    if (raw[field] !== undefined && raw[field] !== null) continue;
    report(path, at(scope, raw), `${shape.name} lacks the field "${field}" (${shape.fields[field]?.expected})`);
  }
}
