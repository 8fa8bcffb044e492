import { InvalidArgumentError, type Command } from 'commander';
import { requestJson, type Target } from '../../client/http.ts';
import { example, none, orNull, targetOf, withTarget, type None } from '../../client/target-options.ts';
import { addressOf, changed, type Options, type Workspace } from './target.ts';

interface SetOptions extends Options {
  title?: string;
  budget?: Record<string, number | null> | None;
  nodeSelector?: Record<string, string> | None;
  tolerations?: Toleration[] | None;
  priorityClass?: string;
  allowImages?: string[] | None;
  replaceImages?: Record<string, string> | None;
}

type Toleration = Partial<Record<'key' | 'operator' | 'value' | 'effect', string>>;

/** `runnel workspace set`: settings that are named; the others stay. */
export function setCommand(workspace: Command): void {
  const set = withTarget(workspace.command('set').description('change its settings; "none" takes one away'))
    .option('--title <TEXT>', 'for people')
    .option('--budget <HOURS>', 'of a month: core-hours=100,memory-gb-hours=400 (scope operator)', figures)
    .option('--node-selector <LABELS>', 'labels of the nodes of its pods: disk=ssd,pool=eo (scope operator)', pairs)
    .option('--tolerations <TAINTS>', 'taints of nodes that its pods do not mind: spot:NoSchedule,pool=eo (scope operator)', taints)
    .option('--priority-class <NAME>', 'PriorityClass of its pods (scope operator)')
    .option('--allow-images <IMAGES>', 'nothing else is run: debian:12,ghcr.io/eo/* (scope operator)', names)
    .option('--replace-images <IMAGES>', 'run another one instead: debian:12=mirror/debian:12 (scope operator)', pairs)
    .option('--json', 'print as JSON')
    .action(async (options: SetOptions) => {
      const { title, budget, nodeSelector, tolerations, priorityClass, allowImages, replaceImages } = options;
      const target = targetOf(options);
      const address = await addressOf(target);
      const body = {
        ...(title === undefined ? {} : { title: orNull(title) }),
        ...(budget === undefined ? {} : { budget: budget === none ? null : camelNames(budget) }),
        ...(nodeSelector === undefined ? {} : { nodeSelector: orNull(nodeSelector) }),
        ...(tolerations === undefined ? {} : { tolerations: orNull(tolerations) }),
        ...(priorityClass === undefined ? {} : { priorityClass: orNull(priorityClass) }),
        ...(allowImages === undefined && replaceImages === undefined ? {} : { images: await imagesWith(target, address, options) }),
      };
      await changed(options, 'PATCH', address, body);
    });
  example(
    set,
    "runnel workspace set --title 'Land cover'",
    'runnel workspace set --workspace demo --budget core-hours=100 --token $OPERATOR_TOKEN',
  );
}

/** Both parts of the setting, of which one may not have been named. */
async function imagesWith(target: Target, address: string, { allowImages, replaceImages }: SetOptions): Promise<object | null> {
  const { settings } = await requestJson<Workspace>(target, address);
  const images = {
    ...(settings['images'] as object | undefined),
    ...(allowImages === undefined ? {} : { allow: orNull(allowImages) }),
    ...(replaceImages === undefined ? {} : { replace: orNull(replaceImages) }),
  };
  const left = Object.entries(images).filter(([, value]) => value !== null);
  return left.length > 0 ? Object.fromEntries(left) : null;
}

/** `core-hours` → `coreHours` */
const camelNames = <Value>(values: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.replaceAll(/-(.)/g, (_all, next: string) => next.toUpperCase()), value]),
  );

function pairs(text: string): Record<string, string> | None {
  if (text === none) return none;
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new InvalidArgumentError('name=value, separated by commas, is expected.');
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

function figures(text: string): Record<string, number | null> | None {
  const read = (value: string): number | null => {
    const number = Number(value);
    if (value !== none && (value === '' || !Number.isFinite(number))) throw new InvalidArgumentError('a number, or "none", is expected.');
    return value === none ? null : number;
  };
  const given = pairs(text);
  return given === none ? none : Object.fromEntries(Object.entries(given).map(([name, value]) => [name, read(value)]));
}

/** As `kubectl taint` writes them: `key=value:effect`, where the value and the effect may be missing. */
function taints(text: string): Toleration[] | None {
  if (text === none) return none;
  return text.split(',').map((taint) => {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?(?::(.+))?$/.exec(taint.trim()) ?? [];
    if (key === undefined) throw new InvalidArgumentError('key=value:effect, separated by commas, is expected.');
    return {
      key,
      ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
      ...(effect !== undefined && { effect }),
    };
  });
}

const names = (text: string): string[] | None => (text === none ? none : text.split(',').map((name) => name.trim()));
