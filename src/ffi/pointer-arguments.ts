/** Arguments that are tables of pointers: texts, handles returned by C, nested arrays, memories of rows. */

import { type Run, runsOf } from '../memory/extents.js';
import { parseFormat } from '../memory/format.js';
import type { IndirectMemory2D } from '../memory/indirect.js';
import { isSameTable, pointerBytes, readAddress, writeAddresses } from '../memory/model.js';
import { addressOfRow } from '../memory/pointer-table.js';
import { type Address, offsetBy, toMultiple } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import { CArray } from './carray.js';
import { isWellFormed } from './filled.js';
import type { Argument, Direction, Frame, Scratch } from './frame.js';
import { isText, type PointerType, typeText } from './header/types.js';
import { Lent, lentView } from './lent.js';
import { type ListElement, putElements, setElement, takeElements } from './list-elements.js';
import { elementsOf, Original } from './originals.js';
import { assertElements, assertUsable, describePointee, isByte, refused } from './pointees.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import { type ArgumentName, shown, textOf } from './scalars.js';

/** How an argument is passed: to which place of which library, in which call, and which way elements are copied. */
export interface Passing {
  readonly runtime: Runtime;
  readonly place: ArgumentName;
  readonly frame: Frame;
  readonly direction: Direction;
  /** Whether the caller stated the direction. */
  readonly isMarked?: boolean | undefined;
}

/** A table of addresses, which is read after the call. */
function pointerTable(
  addresses: readonly Address[],
  { runtime: { model }, frame }: Passing,
): { argument: Argument; hasChanged(): boolean; now(i: number): Address } {
  const size = pointerBytes[model];
  // C may look for a NULL at the end, as in argv; a table of no pointers has an address, too.
  const { argument, view, lent } = frame.scratch((addresses.length + 1) * size);
  lent?.leadsInto(frame.lending);
  const table = view();
  writeAddresses(table, model, addresses);
  const before = new DataView(table.buffer.slice(table.byteOffset, table.byteOffset + table.byteLength));
  return {
    argument,
    hasChanged: () => !isSameTable(view(), before),
    now: (i) => readAddress(view(), i * size, model),
  };
}

/** A text as C reads it. @throws `Argument` for one that UTF-8 cannot hold or that contains a NUL, with what to pass instead. */
export function plainText(text: string, place: ArgumentName, instead = ''): string {
  if (text.includes('\0'))
    throw new EwaldError('Argument', `${place()} is text that contains a NUL character, where C would stop${instead}`);
  if (!isWellFormed(text))
    throw new EwaldError(
      'Argument',
      `${place()} is text with half of a pair of UTF-16 (\\ud800 to \\udfff), which UTF-8 cannot hold; pass its bytes`,
    );
  return text;
}

const utf8 = new TextEncoder();

/** A text that exists until the call ends, and as long as a pointer that C gave back leads into it. */
export function placedText(
  value: string,
  place: ArgumentName,
  frame: Frame,
): { readonly address: Address; readonly left: () => string | undefined } {
  const text = utf8.encode(`${plainText(value, place)}\0`);
  const { address, view } = frame.scratch(text.length);
  viewBytes(view(), text).set(text);
  return {
    address,
    /** The text that C left, if it wrote another one. */
    left: () => {
      const now = viewBytes(view(), text);
      return now.some((byte, i) => byte !== text[i]) ? textOf(now) : undefined;
    },
  };
}

/**
 * Puts into an array what C left in its table: entries that C moved in the order of C, and `read` of what C stored
 * itself.
 */
function takeMoved(
  values: unknown[],
  addresses: readonly Address[],
  now: (i: number) => Address,
  read: (address: Address) => unknown,
): void {
  const moved: (readonly [number, Address])[] = [];
  // What was added to the list meanwhile is nothing to C.
  for (let i = 0; i < Math.min(values.length, addresses.length); i++) {
    const address = now(i);
    if (Number(address) !== Number(addresses[i])) moved.push([i, address]);
  }
  const before = new Map(values.map((value, i) => [Number(addresses[i]), value]));
  for (const [i, address] of moved)
    setElement(values, i, address && before.has(Number(address)) ? before.get(Number(address)) : read(address));
}

/**
 * Pointers for `T **`, and texts for `char **`; null for entries that C writes. After the call, the array contains what
 * C wrote to a text or stored itself: text for `const char **`, a pointer otherwise, since the caller may have to free it.
 */
export function pointersArgument(values: unknown[], to: PointerType, passing: Passing): Argument {
  const { runtime, place, frame, direction, isMarked } = passing;
  const areTexts = isByte(to.to, runtime);
  const texts: [i: number, left: () => string | undefined][] = [];
  const addresses = values.map((value, i) => {
    const placeOf = (): string => `${place()}[${i}]`;
    if (!areTexts || value instanceof Pointer || value instanceof CArray) {
      const address = runtime.addressOf(value ?? null, to, placeOf);
      if ((value instanceof Pointer || value instanceof CArray) && value.lent) frame.lending?.add(value.lent);
      return address;
    }
    if (value === null || value === undefined) return 0;
    if (typeof value === 'string') {
      const { address, left } = placedText(value, placeOf, frame);
      if (!to.to.const) texts.push([i, left]);
      return address;
    }
    throw new EwaldError('Argument', `${placeOf()} is ${shown(value)}; expected text, a pointer or null`);
  });
  const { argument, hasChanged, now } = pointerTable(addresses, passing);
  // getopt moves the texts of its `char *const argv[]`.
  if (direction === 'in' && isMarked) return argument;
  const isRead = isText(to);
  const read = (address: Address): unknown =>
    address && isRead ? runtime.textAt(address) : runtime.pointer(address, to.to);
  frame.after(() => {
    for (const [i, left] of texts) {
      const text = left();
      if (text !== undefined) setElement(values, i, text);
    }
    if (hasChanged()) takeMoved(values, addresses, now, read);
  });
  return argument;
}

/** Whether an array contains rows: arrays and typed arrays, those of the `array` of C first, with null for missing rows. */
export function isNested(values: readonly unknown[], array: ListElement['array']): boolean {
  let rows = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if ((array && value instanceof array) || ArrayBuffer.isView(value) || Array.isArray(value)) rows++;
    else if (value !== null) return false;
  }
  return rows > 0;
}

/**
 * `[[1, 2], [3, 4]]` for `double **`: rows are copied in, and back unless their elements are const; typed arrays are
 * passed as they are where they have an address. Rows that C moved are in the order of C after the call.
 */
export function nestedArgument(values: unknown[], row: ListElement, to: PointerType, passing: Passing): Argument {
  const { runtime, place, frame, direction, isMarked } = passing;
  const array = row.isNumber ? row.array : undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Rows of the exact type need no check but for one: a buffer that was transferred leaves them empty.
    if (array && value instanceof array && value.length > 0 && !frame.asynchronous) continue;
    if (!ArrayBuffer.isView(value)) continue;
    const placeOf = (): string => `${place()}[${i}]`;
    assertUsable(value, placeOf);
    assertElements(value, to.to, runtime.scalar(to.to), runtime, to, placeOf);
  }
  const back = !to.to.const && !(isMarked && direction === 'in');
  const addresses = rowAddresses(values, back ? 'inout' : 'in', row, passing);
  const { argument, hasChanged, now } = pointerTable(addresses, passing);
  if (direction !== 'in')
    frame.after(() => {
      if (hasChanged()) takeMoved(values, addresses, now, (address) => runtime.pointer(address, to.to));
    });
  return argument;
}

/** Where the rows are during a call: rows of one buffer that overlap do so in C, too, and one array is one row. */
function rowAddresses(
  values: readonly unknown[],
  direction: Direction,
  row: ListElement,
  { runtime, place, frame }: Passing,
): readonly Address[] {
  const copies = new Map<unknown[], Address>();
  const copied = (value: unknown[], i: number): Address => {
    const known = copies.get(value);
    if (known !== undefined) return known;
    const { address } = placedList(value, row, { place: () => `${place()}[${i}]`, frame, direction });
    copies.set(value, address);
    return address;
  };
  const views: ArrayBufferView[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== null && !Array.isArray(value)) views.push(value as ArrayBufferView);
  }
  // The views of a heap come before what may make it grow.
  const isCopied = runtime.memory.kind === 'wasm';
  const places = isCopied ? placedRuns(views, direction, frame) : frame.at(views, direction);
  const { lending } = frame;
  if (!isCopied && lending)
    lending.later(() => {
      for (const [i, view] of views.entries()) lending.add(lentView(view, place, () => places[i] as Address));
    });
  if (views.length === values.length) return places;
  let next = 0;
  return values.map((value, i) =>
    value === null ? 0 : Array.isArray(value) ? copied(value, i) : (places[next++] as Address),
  );
}

/** The addresses of typed arrays that are copied into a heap. */
function placedRuns(views: readonly ArrayBufferView[], direction: Direction, frame: Frame): readonly Address[] {
  const { runs, of } = runsOf(
    views.map(({ buffer, byteOffset, byteLength }) => ({ buffer, start: byteOffset, end: byteOffset + byteLength })),
  );
  const bases = frame.at(
    runs.map(({ buffer, start, end }) => new Uint8Array(buffer, start, end - start)),
    direction,
  );
  return views.map(({ byteOffset }, i) => {
    const number = of[i] as number;
    return offsetBy(bases[number] as Address, byteOffset - (runs[number] as Run).start);
  });
}

const viewBytes = (view: ArrayBufferView, like: ArrayBufferView = view): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, like.byteLength);

/** A typed array for a type that is aligned to more than the array: as it is if it happens to be, otherwise a copy. */
export function alignedArgument(
  value: ArrayBufferView,
  align: number,
  { runtime, frame, direction }: Passing,
): Argument {
  const own =
    runtime.memory.kind === 'native'
      ? frame.at([value], direction)[0]
      : runtime.memory.locate(value.buffer, value.byteOffset, value.byteLength)?.address;
  if (own !== undefined && toMultiple(own, align) === 0) return frame.place(value, direction);
  const { argument, view } = frame.scratch(value.byteLength, direction, align);
  if (direction !== 'out') viewBytes(view(), value).set(viewBytes(value));
  if (direction !== 'in') frame.after(() => viewBytes(value).set(viewBytes(view(), value)));
  return argument;
}

/** A list of numbers, or of what else is an element: copied in, and back unless C only reads it. */
export function listArgument(
  values: unknown[],
  element: ListElement,
  { place, frame, direction }: Pick<Passing, 'place' | 'frame' | 'direction'>,
  align?: number,
): Argument {
  return placedList(values, element, { place, frame, direction }, align).argument;
}

export function placedList(
  values: unknown[],
  element: ListElement,
  { place, frame, direction }: Pick<Passing, 'place' | 'frame' | 'direction'>,
  align?: number,
): Scratch {
  const { size } = element;
  // Bytes may be a text, which ends with a zero for functions that look for it.
  const count = size === 1 ? values.length + 1 : Math.max(1, values.length);
  const scratch = frame.scratch(count * size, direction, align);
  putElements(scratch.view, values, element, place);
  const original = frame.watches(direction) ? new Original(values, elementsOf, frame.isBeside) : undefined;
  if (original || direction !== 'in')
    frame.after(() => {
      if (!frame.hasFailed) original?.assertSame(place);
      if (direction !== 'in') takeElements(scratch.view, values, element);
    });
  return scratch;
}

/** Passes a memory of rows by its own table if C can access it; otherwise it is staged for the duration of the call. */
export function rowsArgument(
  value: IndirectMemory2D,
  type: PointerType,
  { runtime, place, frame, direction, isMarked }: Passing,
): Argument {
  const rows = type.to.kind === 'pointer' ? runtime.scalar(type.to.to) : undefined;
  if (!rows) throw refused(value, type, place, describePointee(type, runtime));
  const { kind, size } = rows.layout;
  const format = parseFormat(value.format, value.space.model);
  const same =
    format.text === rows.format.text ||
    (format.size === size && (size === 1 || (kind !== 'float' && format.kind === kind)));
  if (!same)
    throw new EwaldError(
      'Argument',
      `${place()} has rows of format "${format.text}"; ${typeText(type)} needs "${rows.format.text}"`,
    );
  const row = type.to as PointerType;
  if (value.isReadonly && !row.to.const)
    throw new EwaldError(
      'Argument',
      `${place()} is read-only, but ${typeText(type)} lets C write to it; declare its elements const, or pass a ` +
        'writable memory',
    );
  if (value.space === runtime.memory) {
    lendRows(value, value, frame);
    const { lending } = frame;
    if (lending)
      frame.after(() => {
        if (lending.isOfSeveral) value.keepRows((address) => lending.find(address)?.held);
      });
    if (frame.asynchronous || frame.lending?.runsJavaScript) frame.release(value.lock());
    return value.pointer;
  }
  const staged = value.stage(runtime.memory, { copyBack: !row.to.const && !(isMarked && direction === 'in') });
  const { pointer, places } = staged;
  let order: readonly number[] = [];
  lendRows(staged, runtime.memory.kind === 'wasm' ? undefined : value, frame);
  frame.after(() => {
    order = staged.orderSince(places);
  });
  frame.release(() => {
    staged.dispose();
    value.reorder(order, place());
  });
  return pointer;
}

/** Lends the rows of a memory, which `kept` keeps; without it they are a copy that ends with the call. */
function lendRows(rows: IndirectMemory2D, kept: IndirectMemory2D | undefined, frame: Frame): void {
  const { lending } = frame;
  if (!lending) return;
  const what = lending.place;
  const bytes = rows.columns * rows.itemSize;
  let isOver = false;
  const check = (): void => {
    if (kept ? !kept.disposed : !isOver) return;
    const why = kept ? 'which was disposed' : 'which was copied for the call; make it in the memory of the library';
    throw new EwaldError('Disposed', `this pointer leads into ${what()}, ${why}`);
  };
  lending.later(() => {
    for (const row of rows.places)
      lending.add(new Lent({ what, bytes, address: () => addressOfRow(row), kept, check, isRow: true }));
  });
  if (!kept)
    frame.release(() => {
      isOver = true;
    });
}
