// Structs with unions and bit-fields in memory, without a library: the bytes that an object writes, and the values read
// back.
import { expect, test } from 'vitest';
import { parseHeader } from '../../dist/ffi.node.js';
import { jsMemory } from '../../dist/memory.js';
import { pointerConverter } from '../../src/ffi/arguments.js';
import { Runtime } from '../../src/ffi/runtime.js';
import { startModule } from '../../src/ffi/wasm/module.js';
import { WasmSpace } from '../../src/memory/space.js';
import { thrown } from './support.js';

const table = parseHeader(`
  union number { int whole; float real; unsigned char bytes[4]; unsigned short half; };
  struct value { char tag; union number n; union { double d; struct { int low, high; }; }; };
  struct bits { unsigned a : 3; int b : 5; unsigned long long c : 40; _Bool d : 1; enum { OFF, ON } e : 1; signed char f : 8; };
  union mixed { double d; float f[2]; _Bool b; struct { char c; int i; } gap; long long l; char text[8]; int n : 3; };
  struct odd { _Float16 half; int x; };
  struct address { short family; char data[6]; char names[2][3]; };
  struct precise { int n; long double value; };
  struct __proto__ { int __proto__; int constructor; };
`);
const runtime = new Runtime(table, jsMemory, 'values');
const type = (tag: string) => ({ kind: 'struct', tag }) as const;

function written(tag: string, value: unknown): Uint8Array {
  const bytes = new Uint8Array(runtime.sizeOf(type(tag))).fill(0xaa);
  runtime.write(new DataView(bytes.buffer), 0, type(tag), value, () => 'value');
  return bytes;
}
// biome-ignore lint/suspicious/noExplicitAny: the header determines the type of the result
const read = (tag: string, bytes: Uint8Array): any => runtime.read(new DataView(bytes.buffer), 0, type(tag));

test('a union is written by one of its members, and read as all of them', () => {
  const bytes = written('number', { real: 1.5 });
  expect([...bytes]).toEqual([0, 0, 0xc0, 0x3f]);
  expect(read('number', bytes)).toEqual({ whole: 0x3fc00000, real: 1.5, bytes: [0, 0, 0xc0, 0x3f], half: 0 });
  expect([...written('number', { half: 1 })]).toEqual([1, 0, 0, 0]);
  expect([...written('number', {})]).toEqual([0, 0, 0, 0]);
  expect([...written('number', { whole: 7, half: 7 })]).toEqual([7, 0, 0, 0]);
  expect(thrown(() => written('number', { whole: 7, real: 7 })).message).toMatch(
    /value\.real contradicts the members .*; pass one member of the union/,
  );
  expect(thrown(() => written('value', { d: 1, low: 2 })).message).toMatch(/pass one member of each union/);
});

test('a union that was read is written as it was, whatever its bytes, also as a copy of its members', () => {
  let seed = 85;
  const byte = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    // Often what is special: zeros, ones, and the exponents of NaN.
    return [0, 0xff, 0x7f, 0xf0, 0xf8, 2][(seed >>> 16) % 12] ?? (seed >>> 16) & 255;
  };
  for (let i = 0; i < 300; i++)
    for (const tag of ['number', 'value', 'mixed']) {
      const bytes = Uint8Array.from({ length: runtime.sizeOf(type(tag)) }, byte);
      const value = read(tag, bytes);
      const again = written(tag, { ...value });
      // Gaps between members of a struct belong to none.
      if (tag === 'value') again.set(bytes.subarray(1, 4), 1);
      expect([tag, [...again]]).toEqual([tag, [...bytes]]);
      if (tag === 'mixed')
        expect(read(tag, written(tag, { ...value, l: 5n }))).toMatchObject({ l: 5n, b: expect.anything() });
    }
});

test('values survive a round trip; a changed member takes precedence', () => {
  const bytes = written('value', { tag: 1, n: { whole: -1 }, low: 3, high: 4 });
  const value = read('value', bytes);
  expect(written('value', value)).toEqual(bytes);
  value.n.real = 2;
  value.high = 5;
  value.tag = 9;
  expect(read('value', written('value', value))).toMatchObject({ tag: 9, n: { real: 2 }, low: 3, high: 5 });
  value.d = 0.5;
  // Two members of one union are set to contradictory values.
  expect(thrown(() => written('value', value)).message).toMatch(/pass one member of each union/);
});

test('bit-fields accept the values that their width can hold', () => {
  const value = { a: 5, b: -16, c: 2n ** 40n - 1n, d: true, e: 1, f: -128 };
  expect(read('bits', written('bits', value))).toEqual(value);
  expect(read('bits', written('bits', { b: 15 }))).toEqual({ a: 0, b: 15, c: 0n, d: false, e: 0, f: 0 });
  for (const [name, wrong] of [
    ['a', 8],
    ['a', -1],
    ['b', 16],
    ['b', -17],
    ['c', 2n ** 40n],
    ['e', 2],
  ] as const)
    expect(thrown(() => written('bits', { [name]: wrong })).message).toMatch(
      new RegExp(`value\\.${name} is ${wrong}; (?:\\d+ bits hold|unsigned int needs)`),
    );
  expect(thrown(() => written('bits', { a: 1.5 })).message).toMatch(/whole number/);
  expect(thrown(() => written('bits', { d: 2 })).message).toMatch(/true or false/);
});

test('types without a value are omitted, and refused if they are given', () => {
  expect(read('odd', written('odd', { x: 3 }))).toEqual({ x: 3 });
  expect(thrown(() => written('odd', { half: 1 })).message).toMatch(/_Float16, which cannot be written/);
});

test('a text that is not changed keeps what C has behind its zero, also in a copy of its object', () => {
  const bytes = Uint8Array.from([2, 0, 0x1f, 0x41, 0, 127, 0, 255, 97, 0, 98, 99, 100, 0]);
  const value = read('address', bytes);
  expect(value).toMatchObject({ family: 2, data: '\x1fA', names: ['a', 'cd'] });
  expect(Object.keys(value)).toEqual(['family', 'data', 'names']);
  expect(written('address', value)).toEqual(bytes);
  expect(written('address', { ...value, family: 2 })).toEqual(bytes);
  expect([...written('address', { ...value, data: '' })].slice(2, 8)).toEqual([0, 0, 0, 0, 0, 0]);
  // Another encoding, a text without a zero, and a number of more digits.
  for (const data of [
    [99, 97, 102, 0xe9, 0, 0],
    [97, 98, 99, 100, 101, 102],
  ]) {
    const other = bytes.slice();
    other.set(data, 2);
    expect(written('address', { ...read('address', other) })).toEqual(other);
  }
  const wide = new Uint8Array(32);
  wide.set([1, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f], 16);
  expect(written('precise', { ...read('precise', wide), n: 0 })).toEqual(wide);
  expect(Object.getOwnPropertySymbols(read('address', new Uint8Array(14)))).toEqual([]);
  value.family = 3;
  value.data = 'new';
  expect([...written('address', value)]).toEqual([3, 0, 110, 101, 119, 0, 0, 0, 97, 0, 98, 99, 100, 0]);
});

test('members may have names that JavaScript uses itself', () => {
  const value = JSON.parse('{ "__proto__": 3, "constructor": 4 }');
  expect([...written('__proto__', value)]).toEqual([3, 0, 0, 0, 4, 0, 0, 0]);
  expect(Object.entries(read('__proto__', written('__proto__', value)))).toEqual([
    ['__proto__', 3],
    ['constructor', 4],
  ]);
  expect([...written('__proto__', {})]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a module that imports members of every object changes none of them', async () => {
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const imports = ['__proto__', 'constructor', 'toString'].flatMap((from) => [
    ...name(from),
    ...name('polluted'),
    0,
    0,
  ]);
  const section = (id: number, bytes: number[]): number[] => [id, bytes.length, ...bytes];
  const begin = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const bytes = Uint8Array.from([...begin, ...section(1, [1, 0x60, 0, 0]), ...section(2, [3, ...imports])]);
  await startModule(bytes, 'hostile');
  expect('polluted' in {}).toBe(false);
  expect('polluted' in Object).toBe(false);
});

test('objects and lists of them stand for a struct *, with texts for its char * members', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  let next = 8;
  const malloc = (bytes: number): number => {
    next += bytes;
    return next - bytes;
  };
  const own = new Runtime(
    parseHeader(
      'typedef struct PV { char *name; const char *type; int count; struct { char *unit; } axis; } PV; ' +
        'int all(PV *pvs, int n); int look(const PV *pvs, int n); int open(struct handle *h); ' +
        'typedef struct RAW { int n; char d[4]; struct { char e[2]; } in; } RAW; int touch(RAW *raws);',
    ),
    new WasmSpace({ memory, malloc, free: () => {} }),
    'lists',
  );
  /** Calls a function, which sees its structs, and may change their bytes. */
  const call = (name: string, value: unknown, use: (structs: Read[], view: DataView) => void = () => {}) => {
    const type = own.table.functions[name]?.parameters[0]?.type as Parameters<typeof pointerConverter>[1];
    const after: (() => void)[] = [];
    const released: (() => void)[] = [];
    let bytes = new DataView(new ArrayBuffer(0));
    const frame = {
      // The structs come last, after their texts.
      scratch: (size: number) => {
        const address = malloc(size);
        bytes = new DataView(memory.buffer, address, size);
        const view = bytes;
        return { argument: address, address, view: () => view };
      },
      watches: () => false,
      after: (work: () => void) => void after.push(work),
      release: (work: () => void) => void released.push(work),
    };
    pointerConverter(own, type, () => `${name}(): argument 1 (pvs)`)(value, frame as never);
    const size = own.sizeOf(type.to);
    use(
      Array.from({ length: bytes.byteLength / size }, (_, i) => own.read(bytes, i * size, type.to) as Read),
      bytes,
    );
    for (const work of [...after, ...released]) work();
  };
  interface Read {
    readonly name: { text(): string } | null;
    readonly count: number;
    readonly axis: { readonly unit: { text(): string } | null };
  }
  const pvs = [
    { name: 'pv001', type: 'DBR', count: 2, axis: { unit: 'mm' } },
    { name: null, type: 'yy', count: 3 },
  ];
  call('all', pvs, ([first, second], view) => {
    expect([first?.name?.text(), first?.axis.unit?.text(), first?.count]).toEqual(['pv001', 'mm', 2]);
    expect([second?.name, second?.count]).toEqual([null, 3]);
    view.setInt32(16, 7, true);
  });
  // What C wrote is in the objects; texts that it only read are as they were.
  expect(pvs[0]).toEqual({ name: 'pv001', type: 'DBR', count: 7, axis: { unit: 'mm' } });
  const one = Object.freeze({ name: 'x', count: 1 });
  call('look', one, (read) => expect(read.map(({ name }) => name?.text())).toEqual(['x']));
  call('look', [one, one], (read) => expect(read).toHaveLength(2));
  expect(thrown(() => call('all', [one, { nme: 'x' }])).message).toMatch(/\(pvs\)\[1\] has the field "nme"/);
  expect(thrown(() => call('all', [one, 5])).message).toMatch(/\(pvs\)\[1\] is 5; expected an object with the fields/);
  expect(thrown(() => call('all', { name: 'a\0b' })).message).toMatch(/\.name is text that contains a NUL/);
  expect(thrown(() => call('open', [{}])).message).toMatch(/opaque; pass the handle/);
  // Bytes that are given as numbers come back as numbers, those behind a zero as well.
  const d = Uint8Array.of(1, 0, 3, 4);
  const raws: unknown[] = [
    { n: 1, d: [1, 0, 3, -1], in: { e: [5, 6] } },
    { n: 2, d, in: { e: 'x' } },
  ];
  call('touch', raws, (_, view) => view.setInt8(12 + 4 + 2, 9));
  expect(raws[0]).toEqual({ n: 1, d: [1, 0, 3, -1], in: { e: [5, 6] } });
  expect(raws[1]).toEqual({ n: 2, d: Uint8Array.of(1, 0, 9, 4), in: { e: 'x' } });
  expect((raws[1] as { d: Uint8Array }).d).toBe(d);
});

test('a number is no text for C, which would read on until it finds a 0', () => {
  const { functions } = parseHeader('unsigned long strlen(const char *s);');
  const of = (fn: string): unknown => {
    const parameter = functions[fn]?.parameters[0]?.type as Parameters<typeof pointerConverter>[1];
    return pointerConverter(runtime, parameter, () => 'argument 1 (s)')(5, {} as never);
  };
  expect(thrown(() => of('strlen')).message).toMatch(/argument 1 \(s\).*a text, or the bytes in a typed array/);
});
