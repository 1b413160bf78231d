/** Parameters of UDFs from texts `name=value`, as users type them; the declared values determine the types. */

import { argumentError } from '../../options/parameters.js';
import { decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, nearest } from '../../util/options.js';
import { isAux } from './aux.js';
import type { AnyUdf } from './udf.js';

/** The number of a text; NaN for what is none, and for one beyond the range of float64. */
function parsedNumber(text: string): number {
  const value = decimal(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The value of a text in the type of the declared value; undefined if it is not one, or if texts have no such type. */
function valueFrom(text: string, declared: unknown): unknown {
  if (typeof declared === 'string') return text;
  if (typeof declared === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (typeof declared === 'number') {
    const value = parsedNumber(text);
    return Number.isNaN(value) ? undefined : value;
  }
  const isList = Array.isArray(declared) && declared.every((one) => typeof one === 'number');
  if (!isList && !(ArrayBuffer.isView(declared) && 'length' in declared)) return undefined;
  const values = text.split(',').map((part) => parsedNumber(part.trim()));
  if (values.some(Number.isNaN) || declared instanceof BigInt64Array || declared instanceof BigUint64Array)
    return undefined;
  return isList ? values : (declared.constructor as unknown as { from(all: readonly number[]): unknown }).from(values);
}

/** The type of a declared value in words; undefined if it cannot be a text. */
function typeInWords(declared: unknown): string | undefined {
  if (typeof declared === 'string') return 'text';
  if (typeof declared === 'boolean') return 'true or false';
  if (typeof declared === 'number') return 'a number';
  if (isAux(declared) || typeof declared !== 'object' || declared === null) return undefined;
  const isList = Array.isArray(declared)
    ? declared.every((one) => typeof one === 'number')
    : ArrayBuffer.isView(declared);
  return isList ? 'numbers separated by commas' : undefined;
}

/**
 * The UDFs with parameters from texts `name=value`; each text sets the parameter of all UDFs that declare it. Throws
 * `Argument` for names that none declares, and for values of another type than the declared one.
 */
export function withTexts(udfs: readonly AnyUdf[], texts: readonly string[]): AnyUdf[] {
  const found = [...udfs];
  for (const text of texts) {
    const at = text.indexOf('=');
    const [name, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    if (at < 1) throw argumentError('', (said) => `${said('params')} is ${inspect(text)}; expected name=value`);
    const declared = [...new Set(udfs.flatMap((udf) => Object.keys(udf.params as object)))];
    if (!declared.includes(name)) throw unknownName(name, declared, udfs);
    for (const [i, udf] of found.entries()) {
      if (!Object.hasOwn(udf.params as object, name)) continue;
      const before = (udf.definition.params as Readonly<Record<string, unknown>>)[name];
      const type = typeInWords(before);
      if (type === undefined)
        throw new EwaldError(
          'Argument',
          `the parameter ${name} of the UDF ${udf.definition.name} is neither a number, a text, true or false, nor a ` +
            'list of numbers; set it in JavaScript by withParams',
        );
      const given = valueFrom(value, before);
      if (given === undefined)
        throw new EwaldError(
          'Argument',
          `the parameter ${name} of the UDF ${udf.definition.name} is ${inspect(value)}; expected ${type}, as ` +
            `declared: ${inspect(before)}`,
        );
      found[i] = udf.withParams({ [name]: given });
    }
  }
  return found;
}

function unknownName(name: string, declared: readonly string[], udfs: readonly AnyUdf[]): EwaldError {
  const near = nearest(name, declared);
  const who = udfs.map(({ definition }) => definition.name).join(', ') || 'there is no UDF, so nothing';
  const known = declared.length === 0 ? 'it declares none' : `expected one of ${declared.join(', ')}`;
  const others = near ? `did you mean "${near}"?` : known;
  return new EwaldError('Argument', `the UDF ${who} has no parameter "${name}"; ${others}`);
}
