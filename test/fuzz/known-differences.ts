import { comparable, type Ended } from './compare.ts';
import type { FuzzCase } from './generate-case.ts';
import type { Json } from './values.ts';

interface Rule {
  /** What differs, and why ours is right. */
  readonly reason: string;
  matches(made: FuzzCase, ours: Ended, theirs: Ended): boolean;
}

/** Differences that were looked at. A rule matches as little as it can: it hides whatever else differs in the same workflow. */
const rules: readonly Rule[] = [
  {
    reason: 'cwltool writes the prefix of an empty list that valueFrom gave; by CommandLineBinding an empty list adds nothing',
    matches: (made, ours, theirs) =>
      uses(made, /"valueFrom":"(?:x?\$\((?:self|inputs\.p)\))/) &&
      equalBut(ours, theirs, (text) => text.replaceAll(/\[(?:-o|--long|--eq=|--p)\]\n/g, '')),
  },
  {
    reason: 'cwltool looks for the contents of a file literal at its made up address',
    matches: (made, ours, theirs) => uses(made, /"contents":/) && 'failed' in theirs && /Reading _:[0-9a-f-]+/.test(theirs.failed),
  },
  {
    reason: 'cwltool does not know the size of a file literal',
    matches: (made, _ours, theirs) =>
      uses(made, /"contents":/) && 'failed' in theirs && /inputs\.f\.size[^]*'undefined'/.test(theirs.failed),
  },
  {
    reason: 'cwltool loses files of folders that have one name in several outputs',
    matches: (_made, ours, theirs) =>
      'outputs' in ours && 'failed' in theirs && /No such file or directory: '.*\/made\/.*_\d+'/.test(theirs.failed),
  },
  {
    reason: 'cwltool writes small numbers in a text with an exponent, which the rules for numbers on a command line do without',
    matches: (_made, ours, theirs) => equalBut(ours, theirs, (text) => text.replaceAll('1e-07', '0.0000001')),
  },
];

/** The reason of the first rule that explains a difference. */
export function knownDifference(made: FuzzCase, ours: Ended, theirs: Ended): string | undefined {
  return rules.find((rule) => rule.matches(made, ours, theirs))?.reason;
}

const uses = ({ document }: FuzzCase, pattern: RegExp): boolean => pattern.test(JSON.stringify(document).replaceAll('\\"', '"'));

/** Both succeed, and their outputs are the same once `without` has gone over each text. */
function equalBut(ours: Ended, theirs: Ended, without: (text: string) => string): boolean {
  if ('failed' in ours || 'failed' in theirs) return false;
  const [mine, other] = [ours.outputs, theirs.outputs].map((outputs) => JSON.stringify(cleaned(comparable(outputs), without)));
  return mine === other;
}

function cleaned(value: Json, without: (text: string) => string): Json {
  if (typeof value === 'string') return without(value);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, without));
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, cleaned(value[name] ?? null, without)]));
}
