/**
 * Copies fields of a frame's header into its results and into the stream, as CrystFEL's `--copy-header` does: the state
 * of a pump laser, a delay, a temperature, by which data are separated after indexing.
 */

import type { Dataset, FieldValues } from '../../frames/dataset.js';
import { fieldOfValue } from '../../frames/field-value.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** A field of a frame's header, as copied into the stream. */
export type CopiedHeader =
  | {
      /** As requested: a path in HDF5 files, a name in others. */
      readonly name: string;
      /** The type that the stream states. */
      readonly kind: FieldValues['kind'];
      /** A number; text, or a whole number beyond 2⁵³ as its digits. */
      readonly value: number | string;
      readonly missing?: undefined;
    }
  /** A field without a value, and the reason. */
  | { readonly name: string; readonly missing: string };

/** The requested fields, each once. Throws `Argument` for names that a stream cannot contain. */
export function checkCopyHeader(what: string, given: unknown): readonly string[] {
  if (given === undefined) return [];
  const isName = (name: unknown): boolean => typeof name === 'string' && name.trim() !== '';
  if (!Array.isArray(given) || !given.every(isName))
    throw new EwaldError('Argument', `${what} is ${inspect(given)}; expected a list of names, such as ['/laser/on']`);
  const forging = given.find((name: string) => /[\r\n]| = /.test(name));
  if (forging !== undefined)
    throw new EwaldError(
      'Argument',
      `${what} names ${inspect(forging)}; a name with a line break or " = " cannot be written to a stream`,
    );
  return [...new Set(given as string[])];
}

/** The fields of open files; they are read once per file. */
const fieldsOf = new WeakMap<Dataset, Map<string, Promise<FieldValues | undefined>>>();

/** The requested fields of a frame. */
export function copiedHeaders(dataset: Dataset, frame: number, names: readonly string[]): Promise<CopiedHeader[]> {
  return Promise.all(names.map((name) => copiedHeader(dataset, frame, name)));
}

async function copiedHeader(dataset: Dataset, frame: number, name: string): Promise<CopiedHeader> {
  let field: FieldValues | undefined;
  try {
    field = await fieldOf(dataset, name);
  } catch (error) {
    if (error instanceof EwaldError && ['Aborted', 'Disposed'].includes(error.tag)) throw error;
    return { name, missing: messageOf(error) };
  }
  if (!field) return { name, missing: `${dataset.name} has no ${name}` };
  // The header of a file of many frames describes the first of them.
  if (!dataset.field && dataset.frames > 1)
    return {
      name,
      missing:
        `${dataset.name} is ${dataset.format} with ${dataset.frames} frames and one header; ` +
        'expected HDF5, or a file for each frame',
    };
  const { kind, values } = field;
  const value = values.length === 1 ? values[0] : values[frame];
  if (value === undefined)
    return { name, missing: `${dataset.name}: ${name} has ${values.length} values, none for frame ${frame}` };
  if (typeof value === 'string' && /[\r\n]/.test(value))
    return { name, missing: `${dataset.name}: the value of ${name} has several lines` };
  return { name, kind, value };
}

/** A field of an open file. */
export function fieldOf(dataset: Dataset, name: string): Promise<FieldValues | undefined> {
  const fields = fieldsOf.get(dataset) ?? new Map<string, Promise<FieldValues | undefined>>();
  fieldsOf.set(dataset, fields);
  const field = fields.get(name) ?? (dataset.field ? dataset.field(name) : Promise.resolve(headerField(dataset, name)));
  fields.set(name, field);
  return field;
}

/** A field of a header that was read when the file was opened; some formats do not distinguish capitals. */
function headerField({ meta }: Dataset, name: string): FieldValues | undefined {
  const { header = {} } = meta;
  const folded = name.toLowerCase();
  const key = Object.hasOwn(header, name) ? name : Object.keys(header).find((key) => key.toLowerCase() === folded);
  return key === undefined ? undefined : fieldOfValue(header[key]);
}

/** The line of a stream that states a copied field; undefined if it has no value. */
export function headerLine(header: CopiedHeader): string | undefined {
  if (header.missing !== undefined) return undefined;
  const { name, kind, value } = header;
  return `header/${kind}/${name} = ${kind === 'float' ? floatText(Number(value)) : value}`;
}

/** Six decimals, as CrystFEL writes them, unless they would change the value, such as that of a delay in seconds. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  const six = value.toFixed(6);
  return Number(six) === value ? six : `${value}`;
}
