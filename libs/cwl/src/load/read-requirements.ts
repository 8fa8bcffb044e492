import type { Diagnostic, Json, Requirement } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { didYouMean } from './did-you-mean.ts';
import { readEntries } from './entries.ts';
import { isAtLeast, type Shape } from './field-rules.ts';
import { withAbsoluteLocations } from './locations.ts';
import { describeValue, isRaw, listOf, textsOf, type Raw } from './raw.ts';
import { readType } from './read-type.ts';
import { DIRENT, ENVIRONMENT_DEFINITION, EXTENSION_SHAPES, REQUIREMENT_SHAPES, SOFTWARE_PACKAGE } from './requirement-shapes.ts';
import { adoptedExtension, at, classOf, join, shortName, type Scope } from './scope.ts';

type Kind = 'requirements' | 'hints';

/**
 * Reads requirements or hints, lists and maps by class alike. An unknown requirement is an error (it must be met), an unknown hint is kept as it
 * is. SchemaDefRequirement leaves no trace: its types are written out where they are used.
 */
export function readRequirements(scope: Scope, owner: Raw, kind: Kind, path: string): Requirement[] {
  return requirementMaps(scope, owner, kind, path).flatMap(({ raw, name: given, path: place }) => {
    const adopted = adoptedExtension(given);
    const name = adopted ?? given;
    const shape = REQUIREMENT_SHAPES.get(name) ?? (adopted === undefined ? undefined : EXTENSION_SHAPES.get(name));
    if (!shape) return kind === 'hints' ? [toRequirement(scope, raw, name)] : refuseUnknown(scope, raw, name, place);
    if (shape.since && adopted === undefined && !isAtLeast(scope.version, shape.since)) {
      const message = `${name} exists since CWL ${shape.since}, but this is a ${scope.version} document`;
      (kind === 'hints' ? scope.report.warn : scope.report.error)(place, at(scope, raw, 'class'), message);
      return [];
    }
    const severity = kind === 'hints' ? 'warning' : 'error';
    checkShape(scope, raw, shape, place, { severity });
    if (name === 'SchemaDefRequirement') {
      checkTypes(scope, raw, place);
      return [];
    }
    return [scope.sources.derive(readKnown(scope, raw, name, place, severity), raw)];
  });
}

/** Makes the names of all SchemaDefRequirements of a process or step known, before any type is read. */
export function declareTypes(scope: Scope, owner: Raw): void {
  for (const kind of ['requirements', 'hints'] as const) {
    const field = owner[kind];
    const maps = Array.isArray(field) ? (field as unknown[]) : isRaw(field) ? [field['SchemaDefRequirement']] : [];
    for (const requirement of maps) {
      if (!isRaw(requirement) || (Array.isArray(field) && classOf(scope, requirement) !== 'SchemaDefRequirement')) continue;
      for (const type of listOf(requirement['types'])) {
        if (isRaw(type) && typeof type['name'] === 'string') scope.types.add(type['name'], scope.sources.uriOf(type) ?? scope.uri, type);
      }
    }
  }
}

function requirementMaps(scope: Scope, owner: Raw, kind: Kind, path: string): { raw: Raw; name: string; path: string }[] {
  const value = owner[kind];
  const inside = join(path, kind);
  if (isRaw(value)) {
    return readEntries(scope, owner, kind, path, 'class').map(({ raw, path: place }, index) => {
      const given = Object.keys(value)[index] ?? '';
      return { raw, name: classOf(scope, { class: given }) ?? given, path: place };
    });
  }
  return listOf(value).flatMap((item, index) => {
    const name = isRaw(item) ? classOf(scope, item) : undefined;
    if (isRaw(item) && name !== undefined) return [{ raw: item, name, path: join(inside, name) }];
    const where = isRaw(item) ? at(scope, item) : Array.isArray(value) ? at(scope, value, String(index)) : at(scope, owner, kind);
    scope.report.error(join(inside, `[${index}]`), where, `expected a map with "class", found ${describeValue(item)}`);
    return [];
  });
}

function refuseUnknown(scope: Scope, raw: Raw, name: string, path: string): [] {
  scope.report.error(path, at(scope, raw, 'class'), `unknown requirement ${name}: it cannot be met`, {
    code: 'unsupported-requirement',
    ...didYouMean(name, REQUIREMENT_SHAPES.keys()),
  });
  return [];
}

function checkTypes(scope: Scope, raw: Raw, path: string): void {
  const { types } = raw;
  if (!Array.isArray(types)) return;
  (types as unknown[]).forEach((type, index) => {
    if (isRaw(type) && typeof type['name'] === 'string') {
      readType(scope, scope.sources.derive({ type }, type), 'type', join(path, 'types', shortName(type['name'])));
    } else {
      const message = `expected a type with a name, found ${describeValue(type)}`;
      scope.report.error(join(path, 'types', `[${index}]`), at(scope, types, String(index)), message);
    }
  });
}

function readKnown(scope: Scope, raw: Raw, name: string, path: string, severity: Diagnostic['severity']): Requirement {
  const made = toRequirement(scope, raw, name);
  const entries = (field: string, key: string, predicate: string, shape: Shape): Json[] =>
    readEntries(scope, raw, field, path, key, predicate).map((entry) => {
      const full = scope.sources.derive({ [key]: entry.name, ...entry.raw }, entry.raw);
      checkShape(scope, full, shape, entry.path, { severity });
      return toJson(scope, full);
    });
  switch (name) {
    case 'EnvVarRequirement':
      return { ...made, envDef: entries('envDef', 'envName', 'envValue', ENVIRONMENT_DEFINITION) };
    case 'SoftwareRequirement':
      return { ...made, packages: entries('packages', 'package', 'specs', SOFTWARE_PACKAGE) };
    case 'InlineJavascriptRequirement':
      return raw['expressionLib'] === undefined ? made : { ...made, expressionLib: textsOf(raw['expressionLib']) };
    case 'InitialWorkDirRequirement':
      checkListing(scope, raw, path, severity);
      return made;
    default:
      return made;
  }
}

function checkListing(scope: Scope, raw: Raw, path: string, severity: Diagnostic['severity']): void {
  listOf(raw['listing']).forEach((item, index) => {
    if (isRaw(item) && item['class'] === undefined) checkShape(scope, item, DIRENT, join(path, 'listing', `[${index}]`), { severity });
  });
}

function toRequirement(scope: Scope, raw: Raw, name: string): Requirement {
  return { ...(toJson(scope, raw) as { [field: string]: Json }), class: name };
}

function toJson(scope: Scope, raw: Raw): Json {
  return withAbsoluteLocations(raw, { uriOf: (node) => scope.sources.uriOf(node) ?? scope.uri, namespaces: scope.namespaces });
}
