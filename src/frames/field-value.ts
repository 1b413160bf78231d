/** A value of a header or of a message as a field with one value. */
import type { FieldValues } from './dataset.js';

/** Undefined for anything but a number, a text or a truth value; texts that are numbers count as such. */
export function fieldOfValue(value: unknown): FieldValues | undefined {
  switch (typeof value) {
    case 'bigint':
      return { kind: 'int', values: [Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`] };
    case 'boolean':
      return { kind: 'int', values: [Number(value)] };
    case 'number':
      return { kind: Number.isSafeInteger(value) ? 'int' : 'float', values: [value] };
    case 'string':
      return fieldOfText(value.trim());
    default:
      return undefined;
  }
}

function fieldOfText(text: string): FieldValues {
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'int', values: [Number(text)] };
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  return isNumber ? { kind: 'float', values: [Number(text)] } : { kind: 'str', values: [text] };
}
