/** Arguments that are tables of pointers: texts, handles returned by C, nested arrays, memories of rows. */
import { EwaldError } from '../../base/errors.js';
import { parseFormat } from '../memory/format.js';
import type { IndirectMemory2D } from '../memory/indirect.js';
import { pointerBytes, readAddress } from '../memory/model.js';
import { writePointers } from '../memory/pointer-table.js';
import type { Address, Allocation } from '../memory/space.js';
import { CArray } from './carray.js';
import type { Argument, Direction, Frame } from './frame.js';
import { type CType, isText, type PointerType, typeText } from './header/types.js';
import { assertElements, describePointee, isByte, refused } from './pointees.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import { type Place, type Scalar, shown } from './scalars.js';
import type { Wide } from './wide-values.js';

/** How an argument is passed: to which place of which library, in which call, and which way elements are copied. */
export interface Passing {
  readonly runtime: Runtime;
  readonly place: Place;
  readonly frame: Frame;
  readonly direction: Direction;
}

const utf8 = new TextEncoder();

/** Allocates memory with an address for the duration of the call. */
function allocated(bytes: number, what: string, runtime: Runtime, frame: Frame): Allocation {
  const allocation = runtime.memory.allocate(Math.max(1, bytes), what);
  frame.release(() => allocation.free());
  return allocation;
}

/** Makes a table of addresses in memory, and reads it after the call. */
function pointerTable(
  addresses: readonly Address[],
  runtime: Runtime,
  frame: Frame,
): { argument: Argument; changed(i: number): Address | undefined } {
  // A table of no pointers still has an address.
  const allocation = writePointers(runtime.memory, addresses.length > 0 ? addresses : [0], 'a table of pointers');
  frame.release(() => allocation.free());
  return {
    argument: allocation.address as Address,
    changed(i) {
      const address = readAddress(allocation.view(), i * pointerBytes[runtime.model], runtime.model);
      return BigInt(address) === BigInt(addresses[i] ?? 0) ? undefined : address;
    },
  };
}

/** A text as C reads it. @throws `Argument` for one that contains a NUL, with what to pass instead. */
export function textBytes(text: string, place: Place, instead = ''): Uint8Array {
  if (text.includes('\0'))
    throw new EwaldError('Argument', `${place()} is text that contains a NUL character, where C would stop${instead}`);
  return utf8.encode(`${text}\0`);
}

/** The address of a text that exists until the call ends. */
export function placedText(value: string, place: Place, runtime: Runtime, frame: Frame): Address {
  const text = textBytes(value, place);
  const allocation = allocated(text.length, 'a text', runtime, frame);
  viewBytes(allocation.view(), text).set(text);
  return allocation.address as Address;
}

/**
 * Pointers for `T **`, and texts for `char **`; null for entries that C writes. After the call, the array contains what
 * C wrote: text for `const char **`, a pointer otherwise, since the caller may have to free it.
 */
export function pointersArgument(
  values: unknown[],
  to: PointerType,
  { runtime, place, frame, direction }: Passing,
): Argument {
  const areTexts = isByte(to.to, runtime);
  const addresses = values.map((value, i) => {
    const placeOf = (): string => `${place()}[${i}]`;
    if (!areTexts || value instanceof Pointer || value instanceof CArray)
      return runtime.addressOf(value ?? null, to, placeOf);
    if (value === null || value === undefined) return 0;
    if (typeof value === 'string') return placedText(value, placeOf, runtime, frame);
    throw new EwaldError('Argument', `${placeOf()} is ${shown(value)}; expected text, a pointer or null`);
  });
  const { argument, changed } = pointerTable(addresses, runtime, frame);
  if (direction === 'in') return argument;
  const isRead = isText(to);
  frame.after(() => {
    for (let i = 0; i < values.length; i++) {
      const address = changed(i);
      if (address === undefined) continue;
      values[i] = address && isRead ? runtime.textAt(address) : runtime.pointer(address, to.to);
    }
  });
  return argument;
}

/** Whether an array contains rows: arrays and typed arrays, with null for missing rows. */
export const isNested = (values: readonly unknown[]): boolean =>
  values.some((value) => Array.isArray(value) || ArrayBuffer.isView(value)) &&
  values.every((value) => value === null || Array.isArray(value) || ArrayBuffer.isView(value));

/** `[[1, 2], [3, 4]]` for `double **`: rows are copied in, and back unless their elements are const. */
export function nestedArgument(
  values: readonly unknown[],
  row: Scalar,
  to: PointerType,
  { runtime, place, frame, direction }: Passing,
): Argument {
  const { size } = row.layout;
  const lengths = values.map((value, i) => {
    if (value === null) return 0;
    if (Array.isArray(value)) return value.length;
    assertElements(value as ArrayBufferView, to.to, row, runtime, to, () => `${place()}[${i}]`);
    return (value as ArrayBufferView).byteLength / size;
  });
  const back = !to.to.const && direction !== 'in';
  const addresses = values.map((value, i) => {
    if (value === null) return 0;
    const allocation = allocated((lengths[i] ?? 0) * size, 'a row', runtime, frame);
    const view = allocation.view();
    if (Array.isArray(value)) putNumbers(view, value, row, () => `${place()}[${i}]`);
    else viewBytes(view, value as ArrayBufferView).set(viewBytes(value as ArrayBufferView));
    if (back) frame.after(() => takeBack(allocation.view(), value as unknown[] | ArrayBufferView, row));
    return allocation.address as Address;
  });
  return pointerTable(addresses, runtime, frame).argument;
}

const viewBytes = (view: ArrayBufferView, like: ArrayBufferView = view): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, like.byteLength);

/** An array of numbers: copied in, and back unless C only reads it. */
export function numbersArgument(
  values: unknown[],
  scalar: Scalar,
  { place, frame, direction }: Pick<Passing, 'place' | 'frame' | 'direction'>,
): Argument {
  const { size } = scalar.layout;
  // Bytes may be a text, which ends with a zero for functions that look for it.
  const { argument, view } = frame.scratch((size === 1 ? values.length + 1 : Math.max(1, values.length)) * size);
  putNumbers(view(), values, scalar, place);
  if (direction !== 'in') frame.after(() => takeBack(view(), values, scalar));
  return argument;
}

/** A list of complex numbers, of `long double` or of 128-bit integers: copied in, and back unless C only reads it. */
export function wideArgument(
  values: unknown[],
  type: CType,
  wide: Wide,
  { runtime, place, frame, direction }: Passing,
): Argument {
  const size = runtime.sizeOf(type);
  const { argument, view } = frame.scratch(Math.max(1, values.length) * size);
  for (const [i, value] of values.entries()) wide.write(view(), i * size, value, () => `${place()}[${i}]`);
  if (direction !== 'in')
    frame.after(() => {
      for (let i = 0; i < values.length; i++) values[i] = wide.read(view(), i * size);
    });
  return argument;
}

function putNumbers(view: DataView, values: readonly unknown[], scalar: Scalar, place: Place): void {
  for (const [i, value] of values.entries())
    scalar.format.put(
      view,
      i * scalar.layout.size,
      scalar.in(value, () => `${place()}[${i}]`),
    );
}

function takeBack(view: DataView, row: unknown[] | ArrayBufferView, scalar: Scalar): void {
  if (!Array.isArray(row)) viewBytes(row).set(viewBytes(view, row));
  else for (let j = 0; j < row.length; j++) row[j] = scalar.out(scalar.format.read(view, j * scalar.layout.size));
}

/** Passes a memory of rows by its own table if C can access it; otherwise it is staged for the duration of the call. */
export function rowsArgument(
  value: IndirectMemory2D,
  rows: Scalar | undefined,
  type: PointerType,
  { runtime, place, frame }: Passing,
): Argument {
  if (!rows) throw refused(value, type, place, describePointee(type, runtime));
  const { kind, size } = rows.layout;
  const found = parseFormat(value.format, value.space.model);
  const same =
    found.text === rows.format.text ||
    (found.size === size && (size === 1 || (kind !== 'float' && found.kind === kind)));
  if (!same)
    throw new EwaldError(
      'Argument',
      `${place()} has rows of format "${found.text}"; ${typeText(type)} needs "${rows.format.text}"`,
    );
  const row = type.to as PointerType;
  if (value.isReadonly && !row.to.const)
    throw new EwaldError(
      'Argument',
      `${place()} is read-only, but ${typeText(type)} lets C write to it; declare its elements const, or pass a ` +
        'writable memory',
    );
  if (value.space === runtime.memory) return value.pointer;
  const staged = value.stage(runtime.memory, { copyBack: !row.to.const });
  frame.release(() => staged.dispose());
  return staged.pointer;
}
