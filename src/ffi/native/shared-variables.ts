/**
 * Variables of the C library of which the program has the copy that counts: `environ`, and the time zone. A library that
 * is bound to its own names (own-names.ts) finds those of the C library instead, which nobody has set.
 */
import type { Koffi } from './koffi.js';

/** Sets the variables of the C library to what they are in the program, where these are two. 64-bit Linux. */
export function shareVariables(koffi: Koffi): void {
  try {
    const options = { deep: false };
    const [program, libc] = [koffi.load(null, options), koffi.load('libc.so.6', options)];
    const words = (address: bigint, count: number): BigUint64Array =>
      new BigUint64Array(koffi.view(address, 8 * count));
    /** Both variables of a name, if they are not one. */
    const both = (name: string, count: number): readonly [BigUint64Array, BigUint64Array] | undefined => {
      const [from, to] = [program, libc].map((koffiLibrary) => koffi.address(koffiLibrary.symbol(name))) as [
        bigint,
        bigint,
      ];
      return from === to ? undefined : [words(from, count), words(to, count)];
    };
    const environ = both('environ', 1);
    if (environ && environ[1][0] === 0n) {
      // As it is now: the list of the program moves when it grows, and its texts stay.
      const list = environ[0][0] ?? 0n;
      let count = 0;
      while (list !== 0n && words(list + BigInt(8 * count), 1)[0] !== 0n) count++;
      const copy = libc.func('malloc', 'void *', ['size_t'])(8 * (count + 1)) as bigint;
      words(copy, count + 1).set(list === 0n ? [0n] : words(list, count + 1));
      environ[1][0] = copy;
    }
    libc.func('tzset', 'void', [])();
    for (const [name, count] of [
      ['timezone', 1],
      ['tzname', 2],
    ] as const) {
      const found = both(name, count);
      if (found) found[1].set(found[0]);
    }
  } catch {
    // Another C library, which has none of these names, or binds no library to its own.
  }
}
