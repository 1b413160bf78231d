/** The radial profiles that the page of a run shows: rows of five seconds, and sums over frames. */
import { expect, test } from 'vitest';
import { RadialProfile } from '../../src/pipeline/profile/radial-profile.js';
import { LiveProfiles } from '../../src/server/live-profiles.js';

const profile = (counts: number, norm: number, bins = 3): RadialProfile => {
  const filled = (value: number): Float64Array => new Float64Array(bins).fill(value).fill(0, bins - 1);
  return new RadialProfile({
    ...{
      low: 0,
      step: 1,
      corner: 3,
      gain: 1,
      background: counts / norm,
      backgroundRange: [5, 3] as const,
      ice: undefined,
      spotsByShell: [1],
    },
    ...{ edges: Float64Array.of(0, 1, 2, 3).subarray(0, bins + 1) },
    ...{ q: Float64Array.of(0.5, 1.5, 2.5).subarray(0, bins), counts: filled(counts), norm: filled(norm) },
    ...{ backgroundCounts: filled(counts / 2), backgroundNorm: filled(norm) },
  });
};

test('are sums over sums, in rows of five seconds; an empty bin stays empty', () => {
  const profiles = new LiveProfiles();
  expect(profiles.table).toBeUndefined();
  profiles.add(profile(10, 1), 0);
  profiles.add(profile(0, 9), 1000);
  profiles.add(profile(8, 2), 6000);
  const { values, rows, bins } = profiles.table ?? { values: [], rows: 0, bins: 0 };
  expect([rows, bins]).toEqual([2, 3]);
  const lines = Array.from({ length: 5 }, (_, i) => Array.from(values.slice(3 * i, 3 * i + 3)));
  expect(lines).toEqual([
    [0.5, 1.5, 2.5],
    // Of all three frames: not the mean of 10, 0 and 4.
    [1.5, 1.5, Number.NaN],
    [0.75, 0.75, Number.NaN],
    [1, 1, Number.NaN],
    [4, 4, Number.NaN],
  ]);
  // Ten minutes at most, and other bins begin anew.
  for (let i = 0; i < 200; i++) profiles.add(profile(4, 2), 10_000 + 5000 * i);
  expect(profiles.table?.rows).toBe(121);
  profiles.add(profile(4, 2, 2), 2e6);
  expect(profiles.table).toMatchObject({ rows: 1, bins: 2 });
});

test('the mean of the last minute has no rows that are older', () => {
  const profiles = new LiveProfiles();
  for (const at of [0, 6000]) profiles.add(profile(100, 1), at);
  // The beam was off for five minutes.
  profiles.add(profile(4, 2), 300_000);
  profiles.add(profile(4, 2), 306_000);
  const { values = [], rows } = profiles.table ?? {};
  expect([rows, values[3]]).toEqual([4, 2]);
});
