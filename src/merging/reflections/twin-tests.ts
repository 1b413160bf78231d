/** All twin tests of a list, and the one fraction that they give: what `check`, Table 1 and the amplitudes say of twinning. */
import type { ReflectionList } from '../lists/hkl.js';
import { type ExpectedIntensities, expectedIntensities, type ListSubject } from './expected.js';
import { withoutMates } from './lists-in-group.js';
import { type TwinLaw, twinLaw, twinLaws } from './twin-laws.js';
import { type TwinStatistics, twinStatistics } from './twinning.js';

/** The tests that need no law, and those of each law of the lattice. */
export interface TwinTests {
  readonly twinning: TwinStatistics;
  readonly laws: readonly TwinLaw[];
}

/** The twin fraction of a list. */
export interface TwinEstimate {
  readonly fraction: number;
  readonly error: number;
  /** The law whose pairs are related; undefined for the fraction of the L-test. */
  readonly by?: string | undefined;
}

/** The twin tests of a list in which Friedel mates are one. */
export function twinTests(list: ReflectionList, subject: ListSubject, of: ExpectedIntensities): TwinTests {
  return {
    twinning: twinStatistics(list, subject, of),
    laws: twinLaws(subject).map((law) => twinLaw(list, subject, of, law)),
  };
}

/** The fraction of the law that is found, of several that of the largest one, and without any that of the L-test. */
export function twinEstimate({ twinning, laws }: TwinTests): TwinEstimate {
  const [found] = laws.filter(({ isFound }) => isFound).sort((a, b) => b.fraction - a.fraction);
  const { fraction, error } = found ?? twinning;
  return { fraction, error, ...(found && { by: found.operation }) };
}

/** The twin tests of a list whose Friedel mates may be apart. */
export function testsOf(list: ReflectionList, subject: ListSubject): TwinTests {
  const { unique, own } = withoutMates(list, subject);
  return twinTests(unique, own, expectedIntensities(unique, own));
}
