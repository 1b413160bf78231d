/** Images of a detector's series that are lost, late or repeated. */
import { expect, test } from 'vitest';
import { SeriesCount } from '../../src/frames/streams/series-count.js';
import { liveImage } from '../../src/pipeline/grid/grid-lines.js';

/** The remarks of a series, and the images that were lost. */
function received(images: readonly number[], announced?: number): [remarks: string[], lost: number] {
  const count = new SeriesCount();
  const remarks = [count.begin(7, announced), ...images.map((index) => count.image(7, index)), count.end()];
  return [remarks.filter((text) => text !== undefined), count.lost];
}

test('a whole series has nothing to report', () => {
  expect(received([0, 1, 2, 3], 4)).toEqual([[], 0]);
  expect(received([], 0)).toEqual([[], 0]);
});

test('gaps are counted, reported at the first one, and summed up at the end', () => {
  expect(received([0, 3, 4, 6], 7)).toEqual([
    [
      'images 1 to 2 of series 7 did not arrive before image 3; further ones are counted',
      '3 of 7 images of series 7 did not arrive',
    ],
    3,
  ]);
});

test('fewer images than announced are lost; more are not', () => {
  expect(received([0, 1], 5)).toEqual([['3 of 5 images of series 7 did not arrive'], 3]);
  expect(received([], 2)).toEqual([['2 of 2 images of series 7 did not arrive'], 2]);
  expect(received([0, 1, 2], 2)).toEqual([[], 0]);
});

test('a series that is left while it goes on has lost its gaps, and not what follows', () => {
  const count = new SeriesCount();
  for (const remark of [count.begin(7, 60), count.image(7, 0), count.image(7, 1)]) expect(remark).toBe(undefined);
  expect(count.image(7, 3)).toMatch(/^image 2 of series 7/);
  expect(count.end({ isLeft: true })).toBe('1 of 60 images of series 7 did not arrive');
  expect(count.lost).toBe(1);
});

test('an image that arrives late is not lost, and one that arrives twice is reported', () => {
  const [late, lost] = received([0, 2, 1, 3], 4);
  expect([late.length, lost]).toEqual([1, 0]);
  expect(received([0, 1, 1, 1, 2], 3)).toEqual([['image 1 of series 7 arrived twice, and is in the results twice'], 0]);
});

test('a detector that begins anew with a number that it has used begins another series', () => {
  const count = new SeriesCount();
  count.begin(1, 10);
  for (const index of [0, 1, 2]) count.image(1, index);
  expect(count.timesOf(1)).toBe(1);
  expect(count.begin(1, 10)).toBe('7 of 10 images of series 1 did not arrive; series 1 begins anew');
  count.image(1, 0);
  expect([count.timesOf(1), count.timesOf(2)]).toEqual([2, 1]);
  // Image 0 comes again, after others, and nothing has announced it; late and repeated images begin nothing.
  for (const index of [1, 3, 2, 2]) count.image(1, index);
  expect(count.timesOf(1)).toBe(2);
  expect(count.image(1, 0)).toMatch(/6 of 10 images of series 1 did not arrive; series 1 begins anew/);
  expect(count.timesOf(1)).toBe(3);
  expect(liveImage({ image: 4, series: 1, times: 3 })).toEqual({ image: 4, series: 'series 1 (3)' });
});

test('a run that begins within a series counts from its first image, and another series ends the one before', () => {
  const count = new SeriesCount();
  expect([count.image(1, 500), count.image(1, 501), count.image(1, 503)].at(-1)).toContain('image 502');
  expect(count.begin(2, 10)).toBe('1 image of series 1 did not arrive');
  expect(count.image(2, 0)).toBeUndefined();
  expect(count.image(3, 0)).toBe('9 of 10 images of series 2 did not arrive');
  expect(count.lost).toBe(10);
});
