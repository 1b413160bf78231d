/** How outputs are compared: shape first, then NaN and Inf element by element, then a metric. */

/** A distance, with a description of what a number cannot express. */
export interface Difference {
  readonly error: number;
  readonly note?: string | undefined;
}

type Value = number | bigint;

const classOf = (x: Value): string => (typeof x === 'bigint' || Number.isFinite(x) ? 'finite' : String(x));

/**
 * Describes a difference of the shape or of the class (finite, NaN, Infinity, -Infinity) of an element; undefined
 * without any.
 */
function shapeOrClass(found: ArrayLike<Value>, expected: ArrayLike<Value>): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    const [have, want] = [found[i] as Value, expected[i] as Value];
    if (classOf(have) !== classOf(want)) return `element ${i} is ${have}, expected ${want}`;
  }
  return undefined;
}

function metric(found: ArrayLike<Value>, expected: ArrayLike<Value>, measure: () => Difference): Difference {
  const note = shapeOrClass(found, expected);
  return note === undefined ? measure() : { error: Number.POSITIVE_INFINITY, note };
}

/** How rows compare with one metric: its error under a name. */
export const measuredAs =
  <Found, Expected>(name: string, measure: (found: Found, expected: Expected) => Difference) =>
  (found: Found, expected: Expected): { errors: Record<string, number>; note: string | undefined } => {
    const { error, note } = measure(found, expected);
    return { errors: { [name]: error }, note };
  };

/** Largest difference of integers; 0 if all are equal. */
export function worstInteger(found: ArrayLike<Value>, expected: ArrayLike<Value>): Difference {
  return metric(found, expected, () => {
    let error = 0;
    let note: string | undefined;
    for (let i = 0; i < expected.length; i++) {
      const [have, want] = [found[i] as Value, expected[i] as Value];
      if (have === want || !Number.isFinite(Number(want))) continue;
      const difference = Math.abs(Number(BigInt(have) - BigInt(want)));
      note ??= `element ${i} is ${have}, expected ${want}`;
      error = Math.max(error, difference);
    }
    return { error, note };
  });
}

/** Number of bytes that differ. */
export function differentBytes(found: Uint8Array, expected: Uint8Array): Difference {
  return metric(found, expected, () => {
    let error = 0;
    let first = -1;
    for (let i = 0; i < expected.length; i++) {
      if (found[i] === expected[i]) continue;
      if (error++ === 0) first = i;
    }
    return error === 0 ? { error } : { error, note: `byte ${first} is ${found[first]}, expected ${expected[first]}` };
  });
}

/** ‖found − expected‖₂ / ‖expected‖₂ over the finite elements. */
export function relativeL2(found: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  return metric(found, expected, () => {
    let [difference, size] = [0, 0];
    for (let i = 0; i < expected.length; i++) {
      const [have, want] = [found[i] as number, expected[i] as number];
      if (!Number.isFinite(want)) continue;
      difference += (have - want) ** 2;
      size += want * want;
    }
    return { error: difference === 0 ? 0 : Math.sqrt(difference / size) };
  });
}

/** max |found − expected| / max |expected| over the finite elements: one bad element that an L2 norm would hide. */
export function worstElement(found: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  return metric(found, expected, () => {
    let [difference, size, place] = [0, 0, 0];
    for (let i = 0; i < expected.length; i++) {
      const [have, want] = [found[i] as number, expected[i] as number];
      if (!Number.isFinite(want)) continue;
      if (Math.abs(have - want) > difference) {
        difference = Math.abs(have - want);
        place = i;
      }
      size = Math.max(size, Math.abs(want));
    }
    return difference === 0 ? { error: 0 } : { error: difference / size, note: `worst at element ${place}` };
  });
}

/** max |found − expected| over the finite elements. */
export function worstAbsolute(found: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  return metric(found, expected, () => {
    let error = 0;
    for (let i = 0; i < expected.length; i++) {
      const difference = Math.abs((found[i] as number) - (expected[i] as number));
      if (difference > error) error = difference;
    }
    return { error };
  });
}
