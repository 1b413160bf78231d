/** Fields of packed structures are read by their names. */
import { expect, test } from 'vitest';
import { rooms } from '../../src/compute/layout/rooms.js';
import { pack, read, type Struct, structBytes, wordsOf } from '../../src/compute/layout/struct.js';

const structs = rooms.flatMap(({ structs = [] }) => structs);
const scalar = ({ fields }: Struct) => fields.filter((field) => (field.count ?? 1) === 1 && wordsOf(field) === 1);

test.for(structs.map((struct) => [struct.name, struct] as const))('%s reads what was packed', ([, struct]) => {
  // Values that only their own type gives back, in the second of two structures, which begin at an odd byte.
  const values = Object.fromEntries(
    scalar(struct).map(({ name, type }, i) => [
      name,
      type === 'f32' ? i + 0.5 : type === 'i32' ? -1 - i : 2 ** 32 - i - 1,
    ]),
  );
  const bytes = new Uint8Array(1 + 2 * structBytes(struct)).subarray(1);
  bytes.set(pack(struct, values), structBytes(struct));
  for (const { name } of scalar(struct)) {
    expect([name, read(struct, bytes, name)]).toEqual([name, 0]);
    expect([name, read(struct, bytes, name, structBytes(struct))]).toEqual([name, values[name]]);
  }
});

test('a missing field and missing bytes are errors', () => {
  const [struct] = structs as [Struct];
  const bytes = new Uint8Array(structBytes(struct));
  expect(() => read(struct, bytes, 'nothing')).toThrow(
    expect.objectContaining({ tag: 'Internal', message: `the structure ${struct.name} has no field nothing` }),
  );
  const last = scalar(struct).at(-1)?.name ?? '';
  expect(() => read(struct, bytes.subarray(0, bytes.length - 1), last)).toThrow(RangeError);
});
