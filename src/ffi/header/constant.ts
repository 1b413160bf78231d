/** What a constant expression gives. */
import type { CType } from './types.js';

/** The plain name of a constant's type where bits and sign do not tell it: of literals, casts and `sizeof`. */
interface Spelled {
  readonly type?: string | undefined;
}

/** A constant: an integer of 32 or 64 bits, or a floating-point number. */
export type Constant = Spelled &
  (
    | {
        readonly kind: 'int';
        readonly value: bigint;
        readonly bits: 32 | 64;
        readonly unsigned: boolean;
        /** The pointer to which it was cast. */
        readonly pointer?: CType;
      }
    | {
        readonly kind: 'float';
        readonly value: number;
        /** A `float`, rounded to it. */
        readonly single?: boolean;
        /** A `long double` that is not its double: `rounded` to it, as C would, or `unknown`, and then NaN. */
        readonly inexact?: 'rounded' | 'unknown';
      }
  );
