/** Calls of C functions from the shell: words become arguments, results become text. */
import { nearest } from '../entries/command.node.js';
import { CArray, type CFunction, type CType, type Library, Pointer, typeText } from '../entries/ffi.node.js';
import { EwaldError } from '../entries/index.node.js';
import { bold, print, printJson } from './output.js';

/** Calls the function that the first word names, and prints its result and what C wrote to its arguments. */
export async function call(library: Library, [name = '', ...words]: readonly string[], json: boolean): Promise<void> {
  const declared =
    Object.hasOwn(library.table.functions, name) || name in library.table.functions
      ? library.table.functions[name]
      : undefined;
  if (!declared) {
    const names = Object.keys(library.table.functions);
    const near = nearest(name, names);
    throw new EwaldError(
      'Argument',
      `${library.table.header} declares no function ` +
        `"${name}"; ${near ? `did you mean "${near}"?` : `it declares ${names.slice(0, 8).join(', ')}`}`,
    );
  }
  const fn = (library as unknown as Record<string, (...values: unknown[]) => unknown>)[name];
  const values = words.map((word, i) => argument(word, declared, i));
  const result = textIn(await fn?.(...values), declared.result);
  const written = values.map(plain);
  if (json) {
    printJson({ function: name, result: plain(result), arguments: written });
    return;
  }
  if (declared.result.kind !== 'void') print(shown(result, declared.result));
  declared.parameters.forEach(({ name: parameter, type }, i) => {
    // The arguments are printed as well, because C may have written to them.
    if (type.kind === 'pointer' && !type.to.const && typeof values[i] === 'object' && values[i] !== null)
      print(`${bold(parameter || `argument ${i + 1}`)} ${JSON.stringify(written[i], bigints)}`);
  });
}

/** Converts a word of the shell to the type of the parameter. */
function argument(word: string, fn: CFunction, i: number): unknown {
  const parameter = fn.parameters[i];
  if (!parameter) return fn.variadic ? further(word, fn, i) : word;
  const { type } = parameter;
  if (type.kind === 'scalar') {
    if (word === 'true' || word === 'false') return word === 'true';
    if (/^[-+]?\d+$/.test(word)) {
      const exact = BigInt(word);
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    const value = Number(word);
    return word.trim() === '' || (Number.isNaN(value) && !/^nan$/i.test(word)) ? word : value;
  }
  if (type.kind === 'enum') return /^-?\d+$/.test(word) ? Number(word) : word;
  // A complex number without an imaginary part, or a long double.
  if (type.kind === 'opaque' && word.trim() !== '' && !Number.isNaN(Number(word))) return Number(word);
  if (word === 'null' || word === 'NULL') return null;
  if (/^[[{]/.test(word))
    return type.kind === 'pointer' && type.to.kind === 'void' ? bytesOf(word, fn, i) : jsonOf(word, fn, i);
  if (type.kind === 'pointer' && isByte(type.to)) return word;
  throw new EwaldError(
    'Argument',
    `argument ${i + 1} of ${fn.name} is ${typeText(type)}; ` +
      'write null, or JSON such ' +
      `as ${type.kind === 'pointer' && type.to.kind === 'pointer' ? '[[1, 2], [3, 4]]' : '[1, 2, 3]'}`,
  );
}

function jsonOf(word: string, fn: CFunction, i: number): unknown {
  try {
    return exactJson(word, fn.parameters[i]?.type);
  } catch (cause) {
    throw new EwaldError(
      'Argument',
      `argument ${i + 1} of ${fn.name} is ${JSON.stringify(word)}, which is not valid JSON`,
      { cause },
    );
  }
}

/** The bytes for a `void *`. */
function bytesOf(word: string, fn: CFunction, i: number): Uint8Array {
  const values = jsonOf(word, fn, i);
  if (Array.isArray(values) && values.every((one) => Number.isInteger(one) && one >= 0 && one < 256))
    return Uint8Array.from(values as number[]);
  throw new EwaldError(
    'Argument',
    `argument ${i + 1} of ${fn.name} is ${word}; for a ${typeText(fn.parameters[i]?.type as CType)} write null, or its ` +
      'bytes such as [104, 105]',
  );
}

/** JSON whose integers beyond 2^53 are bigints, unless they are for numbers with a point. */
function exactJson(word: string, type: CType | undefined): unknown {
  let inner = type;
  while (inner?.kind === 'pointer' || inner?.kind === 'array') inner = inner.kind === 'pointer' ? inner.to : inner.of;
  const isReal = inner?.kind === 'scalar' && /float|double/.test(inner.name);
  // A mark that no text of a shell contains.
  const mark = '\u0000';
  const marked = word.replace(/"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (text) =>
    /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? `"\\u0000${text}"` : text,
  );
  return JSON.parse(isReal ? word : marked, (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (value.startsWith(mark)) return BigInt(value.slice(1));
    return isReal && notFinite.has(value) ? Number(value) : value;
  });
}

/** Numbers that JSON does not have, as they are printed. */
const notFinite = new Set(['NaN', 'Infinity', '-Infinity']);

/**
 * A variadic argument: integers are ints, numbers with a point doubles, `["unsigned long", 5]` is of the named type, as
 * in JavaScript, and everything else is text.
 */
function further(word: string, fn: CFunction, i: number): [string, unknown] {
  if (/^[[{]/.test(word)) {
    const pair = jsonOf(word, fn, i);
    if (Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string') return pair as [string, unknown];
    throw new EwaldError(
      'Argument',
      `argument ${i + 1} of ${fn.name} is ${word}; expected a number, a text, or a type and a value: ["int", 5]`,
    );
  }
  if (/^(unsigned |signed )?(char|short|int|long|long long|float|double|size_t)$/.test(word))
    throw new EwaldError(
      'Argument',
      `argument ${i + 1} of ${fn.name} is the name of a type; write it with its value: '["${word}", 5]'`,
    );
  if (/^[-+]?\d+$/.test(word)) {
    const value = BigInt(word);
    return BigInt.asIntN(32, value) === value ? ['int', Number(value)] : ['long long', value];
  }
  const number = Number(word);
  return word.trim() === '' || Number.isNaN(number) ? ['const char *', word] : ['double', number];
}

const isByte = (type: CType): boolean =>
  type.kind === 'scalar' && ['char', 'signed char', 'unsigned char', 'int8_t', 'uint8_t'].includes(type.name);

/** The text of a `char *`, which functions such as getenv return; other values as they are. */
const textIn = (value: unknown, type: CType): unknown =>
  value instanceof Pointer && type.kind === 'pointer' && type.to.kind === 'scalar' && type.to.name === 'char'
    ? value.text()
    : value;

/** A value in a form that JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof CArray) return value.toArray().map(plain);
  // JSON would have null for all of these.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Pointer) return `0x${value.address.toString(16)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
}

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

function shown(value: unknown, type: CType): string {
  if (value instanceof Pointer) return `${typeText(type)} 0x${value.address.toString(16)}`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(plain(value), bigints);
  return String(value);
}
