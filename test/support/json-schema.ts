/** Checks values against the part of JSON Schema that docs/json.schema.json uses. */
import { readFileSync } from 'node:fs';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

const document = JSON.parse(readFileSync(new URL('../../docs/json.schema.json', import.meta.url), 'utf8'));
/** The definitions by name. */
export const definitions = document.$defs as Readonly<Record<string, Schema>>;

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : (typeof value as string);

/** Where a value differs from a schema; a property that an object schema does not describe is a difference, too. */
export function differences(schema: Schema, value: unknown, path = ''): string[] {
  if (schema.$ref) return differences(definitions[schema.$ref.replace('#/$defs/', '')] as Schema, value, path);
  const type = typeOf(value);
  const types = schema.type === undefined ? [type] : [schema.type].flat();
  if (!types.includes(type)) return [`${path} is ${type}, expected ${types.join(' or ')}`];
  if (Array.isArray(value) && schema.items)
    return value.flatMap((one, i) => differences(schema.items as Schema, one, `${path}[${i}]`));
  if (type !== 'object') return [];
  const members = value as Readonly<Record<string, unknown>>;
  const missing = (schema.required ?? []).filter((name) => !(name in members));
  const { properties } = schema;
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(properties ? members : {}).flatMap(([name, one]) =>
      properties?.[name] ? differences(properties[name], one, `${path}.${name}`) : [`${path}.${name} is not described`],
    ),
  ];
}
