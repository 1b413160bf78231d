/** Zstandard: what the program zstd 1.5 has packed, and damaged copies. */
import { describe, expect, test } from 'vitest';
import { unpackZstd } from '../../src/bytes/codecs/zstd.js';
import { fuzzZstd, hasZstd } from './zstd-fuzz.mjs';

/** Numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
const next = generator(7);
const lines = Array.from(
  { length: 300 },
  (_, i) => `frame ${i}: ${(i * i * 31) % 997} counts, ${(i * 7) % 13} peaks\n`,
);
const plain = {
  lines: new TextEncoder().encode(lines.join('')),
  noise: Uint8Array.from({ length: 1500 }, () => Math.floor(next() * next() * 40)),
  long: Uint8Array.from({ length: 150_000 }, (_, i) => (((i >>> 7) * 7) ^ (i >>> 12)) & 255),
  zeros: new Uint8Array(200_000),
};
/** Packed by zstd at level 19 (lines) or 3; lines and long end with a checksum. */
const packed: Readonly<Record<keyof typeof plain, string>> = {
  lines:
    'KLUv/QRoVSgACow8EBeAS6UNCHxvvB+MCLgU2d290wnhRJM6AQYB+gD3AMZPkci8lBzxUSwr77oovkUTfKgJ/iiqeCPW8EUV4YmMgh+qCV6IFo' +
    'QPqoc3kY74EuP4QJwwf0M3vI3N11QYnqaGnyEiXiZI8DFUvKdlfIeN4sPEEH/CCuJNwogvYa94ktLxI3TlRcIJH0JivKXIfKWk+CA+8xd0xltw' +
    'aPgKOvMUPOMnKsdL0Mb4iArjHVbGN2rHhzgpf6YK3jxEfPnKkx3Cj1nheHGJ8GGe8HZo8TUphA8Wm79K8daw46s1x1Pjjp/K8VIZ81GiEt51Ax' +
    'XfzoXyoS07/EnZ8cbaw1dcy9NNFT+mE17synxUXN7V4AtgQYGDAQkYGGABgwMNEAhg4AMHGDhQQCAzx3fqhg/T4E9axJvUZ3xJbcWTVKL4kZoU' +
    'L1Kx8SF0vGWofKVl4YN0ir+Q8hZmw1e0oTxFo4ifaGjwEjw+okXFO274RqeED1Fb+HNDeHMdhi9PEE9uCOPHPV7cC8KHG654uxTm61aKD24b/L' +
    'VBjrcG8dWGC55qwfyUZryUj1aCd8sQyrc1mw+tVfgLDUW8hYodX6Gk4Cm0wfgJlRC8BDI+QhknvENt5RvKEMeHUErxd7QSbzczfJ3M8HRT4ucs' +
    'ipcLHx/HKu+zCd+LMT4cz8yfiRVvRpHgy4KOJ2MJ8WNxwYs1mA9r8TbyNbnjg8XwV63yVp3gqxg3PFVdpigvdoX5sEMQ3vaY+Nru8cFC5q+eIt' +
    '7aKV81GfFUMvNTjxwvJeKjnhHedYTgW0fNh3qs/AVfzVvwNPgKLuEpOI74CebU8RJsBx/BNBfv4LvyDT4XH4LFwd/V6ni71hFfVyvh6Rz8XMnm' +
    '5eLKx9U274sG3yuR8OFqxJ/V5nizhhB8WRuKJ2tR+bH6iBerzXxYG8fbhPhaLXyw3pi/uilv1bp81Uh5qjbMT/UqeKmeDR/VkvGu2pVvVW74UJ' +
    '3hjzo1vFGg8kWVYDxRdPihipkXassH1eVNJTq+1LHjA/WIv6lr3qZV4WuMeBpS+ZkKwss0kPExVsF7GkbF37mCebsJxdfZyDydz/g5Vw0vRw4+' +
    'zhXlfQ7le7YcH84Xx5+xvJnt8mWeEDyZwww/VmO8mM/mwwIRbzNN+VpbfDA3gr9ylLeyTPFVDjQ8lc3CT9kmeCmHCT7KEoR3BQ/fOuJDWRx/5B' +
    'DzRhWILzIFT2Tx8EOs4oWM+CATBW/yhPIlRzg+kImKv+kRb2Mr4muKp7GF8TNSXsYn5mNMMrzHE47v+Bx8GLvGnzhQ8CYuOr7EF8STuIIf8VF5' +
    'kTIfYpHjLeTjKw51fBBe8Rdi3sJVwlf4qHgKk8tP2DK8BMN8RNDwDhuVbziMD+HS8GdP8OZgvuzg8mTX8eOBOKgRMAiCIAyt28/hZpKCvAYRKA' +
    'QNgUNQhJuDx9wNJQEuCU4+elDnIptJKmJx2RAe0pZf7daYKUst18fykLlfwrTb0Pa4EDlPKKMo88xAq3OuZ5JJ8tP7/V9B0V/wCixLRZOuyiWY' +
    'CpncAiut2dCyO/IxtXU8VHK4peZ7bPQx+TJY/pUbUcbJV3IiU5+rfozS8dXGDiMjLmacqCDzLAciwILMKW5A2CSsYJIIRLSTbMZOmMlFqVMERf' +
    'j0hWaQCBDfQx4MtzAi/A9OghGG4HYRxEJ7WMgWQhB770GQ7HIOsE1YOwTYJqwdAmz7wgI75AD8aV07cFYB93AeYg==',
  noise:
    'KLUv/QBYbRwAyl0gDhIgyDApPYU9NgXp7t8p6WE6IlPZANsA3ACHpHYttHxScZGdaHR219kjyeWOjRVrL4j+X0E/cn6B2JpUOfshRenucUK8cj' +
    '3QIdE+Fqqck2ZLfy9zF+V3rchIsoHD8qoTWftovvRRdAQQICLucEwOBSK0q2Jy9L++3ZXGprJtrcVXtu602iHmwvURV3XC6v5xck9XHeTBzYIs' +
    'sKtSna9c/UE242lYaVvKjHrpyfDHkC/yzpljiWexR0574sAbsmhHuphqKtqI9sB9OkNCKJCOgQeD3TQ8e5xkotMHuQwp6UaT60pKJOi2lUzMs7' +
    'KL9hKSRwUFnP8xyPda7kLQYW9yjUGnT8q7jRSRa/CrkhYTclcdKpEVU+Hr4hTC5BqVufl1wztr1HEAcIx9fy9HaEQod1k+YCIqgiuiyhPdLvKn' +
    'aEbVTqovhlqmwmmhtQSsSONAKhFopYUUmLop/rYQ/ZnqCYnFx66Qqcis3GX3ZEeJ3CZl8Ky/Rv4g2IlJutK+ryynClRIzz7Q4LjWzwoFEfaMLt' +
    'LVnUb7zAI1nxR4cqGtf1osFsJMjhLcuU6sp6N0HGy19/z2dMrgj0clD9MZQjrBQGIBAIjyhp/ghipm+GYabw9OpiGT17XHHyoEEPsJBRa/VU+c' +
    'RBlHcWAY7T6Jgxyhwd6qjgh3eLpLSObIHEGMEeHFJJpTTzrxN4hEhDCsbMh1KxaCjbyQ3Tlp4adDTxqsQHM+wu7LwadzHuRsJ14ud6aNdt2VAd' +
    'oH4H6vVgMbh4i6SwuMbcEouHVnTQmJi9f8ouH12njaoseQLAMPVTyMb0Z7RTIdLWXfAcRjE5XkY/I6y1X4LYh68RqR05h7HSV427Mum7viIOdl' +
    'a0t8o9SFbYlDkIsqcc6fSBILQ+cBHCBkJDZ6/zJO7QzYAgeb017UDhAFPR4a1pxSxnjoLnDCNxiwubJvBeAgStu9cf7VZBE6H5VOqlc4zG7aWW' +
    '3KgYPX4aTduwF5sCSRoieNmdA7OHDJelCyMAlzBgIqHyoN6Jl5RXizu3OlzqJOPJu2IQy0Az78f/vRrkQKOhEe7NiJmeIigMQI80MQkKn1E5Nk' +
    'VpOU6YgwPn+R1dxiFHHAHK7jg4mU8j47wK8o5P0bxcAGqJLL5NScTklgNVsKV6puuPbsYhk7TkIycwZni80iQL7CgzQ+mQZ4ZucXRvzqlOQrdO' +
    'Rw0j4HMQdfhQEA',
  long:
    'KLUv/QRYfDQAFEAAAAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tnh5u/0/QILEBkeJyw1OkNIUVZfZG1ye4CJjpecpaqzuMLFzNfe4e' +
    'jz+v0EDxYZICsyNTxHTlFYY2ptdH+GiZCbo6Sttr/AydLb3OXu9/gBChMUHSYvMDlCS0xVXmdocXqEg4qRmKeutby7wsnQ3+bt9PP6AQgXHiUs' +
    'KzI5QE9WXWVia3B5ho+UnZqjqLG+x8zV0tvg6fb/BA0KExghLjc8RkFIU1plbHd+eYCLkp2kr7axuMPK1dzn7unw+wINFB8nICkyO0RNVl9YYW' +
    'pzfIWOl5CZoqu0vcbPyNHa4+z1/ggPBh0UKyI5MDdORVxTamF4f3aNhJuSqaCnvrXMw9rR6e7n/PUKAxgRFi8kPTJLQFleV2xlenOIgYaflK2i' +
    'u7DKzcTf1ung+/L1DAceESgjOj00T0ZZUGtiZXx3joGYk6uspb63yMHa09Tt5v/wCQIbHBUuJzgxSkNEXVZvYHlyjIuCmZCvpr20s8rB2Nfu5f' +
    'z78gkAHxYtJCM6MUhHXlVtamN4cY6HnJWSq6C5ts/E3drT6OH+9wwFAhsQKSY/NE5JQFtSbWR/dnGIg5qVrKe+ubDLwt3U7+bh+PMKBRwXLygh' +
    'OjNMRV5XUGlie3SNhp+YkaqjvLXOx8DZ0uvk/fYQFx4FDDM6ISgvVl1ES3J5YGdulZyDirG4v6at1NvCyfH2/+TtEhsACQ43PCUqU1hBRk90fW' +
    'JrkJmeh4y1uqOo0tXcx87x+OPq7RQfBgkwOyIlLFdeQUhzen1kb5aZgIuztL2mr9DZwsvM9f7n6BEaAwQNNj8gKVJbXEVOd3hhapSTmoGIt76l' +
    'rKvS2cDP9v3k4+oRGAcONTw7IilQX0ZNdXJ7YGmWn4SNirO4oa7X3MXCy/D55u8UHRoDCDE+JyxWUVhDSnV8Z25pkJuCjbS/pqGo09rFzPf++e' +
    'DrEh0EDzcwOSIrVF1GT0hxemNslZ6HgImyu6St1t/Ywcrz/OXuGB8WDQQ7MikgJ15VTEN6cWhvZp2Ui4K5sLeupdzTysH5/vfs5RoTCAEGPzQt' +
    'IltQSU5HfHVqY5iRlo+EvbKroNrd1M/G+fDr4uUcFw4BODMqLSRfVklAe3J1bGeekYiDu7y1rqfY0crDxP327+AZEgsMBT43KCFaU1RNRn9waW' +
    'Kcm5KJgL+2raSj2tHIx/717OviGRAPBj00MyohWFdORX16c2hhnpeMhYK7sKmm39TNysP48e7nHBUSCwA5Ni8kXllQS0J9dG9mYZiTioW8t66p' +
    'oNvSzcT/9vHo4xoVDAc/ODEqI1xVTkdAeXJrZJ2Wj4iBurOspd7X0MnC+/Tt5oQAlBLAfwAqnHPOOeecc84555xzzjnnnHPOOeecc84555xzzj' +
    'nnnHPOOeecc84555xzzjnnnHPOOeecc845zjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOecc55xz' +
    'zjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHOOc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc8' +
    '4555xzzjnnnHPOOeecc84555xzzjnHOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555zjnHPOOeec' +
    'c84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc85xzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnH' +
    'POOeecc84555xzzjnnnHPOOec455xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHOcc84555xzzjnn' +
    'nHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555' +
    'xzzjnnnHPOOeecc8455xznnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc45zzjnnnHPOOeecc845' +
    '55xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjl7twLNBwBECSAnLjU8AwoRGB9mbXR7QklQV16lrLO6gYiPlp3k6/L5wcbP1N0iKz' +
    'A5PgcMFRpjaHF2f0RNUlugqa63vIWKk5ji5ez3/sHI09rdJC82OQALEhUcZ25xeENKTVRfpqmwu4OEjZaf4Ony+/zFztfYISozND0GDxAZYmts' +
    'dX5HSFFapKOqsbiHjpWcm+Lp8P/GzdTT2iGAlFQBACqMc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555' +
    'xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeeccx75K1zw',
  zeros: 'KLUv/QBYVAAAEAAAAQD7/znAAgNqCAA=',
};
const bytesOf = (name: keyof typeof plain): Uint8Array => new Uint8Array(Buffer.from(packed[name], 'base64'));

describe('Zstandard', () => {
  test.each(['lines', 'noise', 'long', 'zeros'] as const)('unpacks %s', async (name) => {
    const expected = plain[name];
    expect(Buffer.from(await unpackZstd(bytesOf(name), expected.length)).equals(Buffer.from(expected))).toBe(true);
    // Bytes in the middle of a buffer.
    const inside = new Uint8Array([1, 2, 3, ...bytesOf(name), 9]).subarray(3, -1);
    expect((await unpackZstd(inside, expected.length)).length).toBe(expected.length);
  });

  test('unpacks several frames, and skips those of others', async () => {
    const skippable = [0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 77, 78];
    const both = Uint8Array.from([...bytesOf('noise'), ...skippable, ...bytesOf('lines')]);
    const out = await unpackZstd(both, plain.noise.length + plain.lines.length);
    expect([...out]).toEqual([...plain.noise, ...plain.lines]);
  });

  test('refuses what is damaged, too long or too short, with a reason', async () => {
    const good = bytesOf('lines');
    const { length } = plain.lines;
    for (const [bytes, size, words] of [
      [good.subarray(0, -1), length, 'end too early'],
      [good.subarray(0, 200), length, 'ends too early'],
      [good, length + 1, `it has ${length} bytes; expected ${length + 1}`],
      [good, length - 1, `more than ${length - 1} bytes`],
      [good.map((byte, i) => (i === good.length - 1 ? byte ^ 1 : byte)), length, 'its checksum is'],
      [Uint8Array.of(1, 2, 3, 4), length, 'a frame begins with 0x4030201'],
      [new Uint8Array(0), 1, 'it has 0 bytes'],
    ] as const)
      await expect(unpackZstd(bytes, size)).rejects.toThrow(words);
    const random = generator(3);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const bytes = good.slice();
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      await unpackZstd(bytes, length).catch((error) => {
        expect(error.message).toMatch(/^Zstandard: /);
        refused++;
      });
    }
    // The checksum finds all of them, except for copies that are equal by chance.
    expect(refused).toBeGreaterThan(290);
  });

  test('refuses sizes that do not fit before any memory is allocated', async () => {
    // A frame of one block: its stated size, then a compressed block of one byte that is never looked at.
    const frame = (stated: number): Uint8Array => {
      const head = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, (1 << 3) | (2 << 1) | 1, 0, 0, 0]);
      new DataView(head.buffer).setUint32(5, stated, true);
      return head;
    };
    const huge = 2 ** 52;
    await expect(unpackZstd(frame(1), huge)).rejects.toThrow(`it has 1 bytes; expected ${huge}`);
    await expect(unpackZstd(frame(2 ** 31), huge)).rejects.toThrow('states 2147483648 bytes; its blocks hold 131072');
    await expect(unpackZstd(frame(1000), 999)).rejects.toThrow('it has more than 999 bytes');
    // Without a stated size, the blocks tell how many bytes there can be.
    const unstated = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, (1 << 3) | (2 << 1) | 1, 0, 0, 0);
    await expect(unpackZstd(unstated, huge)).rejects.toThrow(`it has at most 131072 bytes; expected ${huge}`);
  });

  test('leaves the checksum alone if it is told to, and unpacks the next frame', async () => {
    const good = bytesOf('lines');
    const wrongSum = good.map((byte, i) => (i === good.length - 1 ? byte ^ 1 : byte));
    const both = Uint8Array.from([...wrongSum, ...good]);
    const { length } = plain.lines;
    const out = await unpackZstd(both, 2 * length, { checksums: false });
    expect(Buffer.from(out).equals(Buffer.concat([plain.lines, plain.lines]))).toBe(true);
    await expect(unpackZstd(both, 2 * length)).rejects.toThrow('its checksum is');
    // The given bytes are as before.
    expect((await unpackZstd(good, length)).length).toBe(length);
  });

  test('bytes may follow the frames, as many as are allowed', async () => {
    const [good, { length }] = [bytesOf('noise'), plain.noise];
    for (const more of [1, 3]) {
      const longer = Uint8Array.from([...good, ...new Uint8Array(more)]);
      expect((await unpackZstd(longer, length, { padding: more })).length).toBe(length);
      await expect(unpackZstd(longer, length, { padding: more - 1 })).rejects.toThrow(/^Zstandard: /);
    }
  });

  test.skipIf(!hasZstd())(
    hasZstd() ? 'agrees with the program zstd on random data' : 'absent: zstd',
    { tags: 'nightly' },
    async () => {
      const seeds = 16;
      const { intact, damaged, refused } = await fuzzZstd(unpackZstd, (seed) => seed <= seeds);
      expect([intact, damaged]).toEqual([seeds, 4 * seeds]);
      expect(refused).toBeGreaterThan(seeds);
    },
  );
});
