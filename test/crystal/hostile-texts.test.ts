/**
 * Geometries, cells and lists designed to keep a parser busy. Each of them used to take time quadratic or cubic in its
 * length, minutes to centuries. No test relies on the clock.
 */
import { describe, expect, test } from 'vitest';
import { parseGeometry, readSpotList } from '../../dist/index.node.js';
import { parseCellFile } from '../../src/crystal/cell-file.js';
import { nearest } from '../../src/util/options.js';

const long = 300_000;
/** Comment marks followed by U+2028, at which `.` stops matching. */
const marks = (mark: string): string => `${mark.repeat(long)}\u2028`;
const panel =
  'p/min_fs = 0\np/max_fs = 9\np/min_ss = 0\np/max_ss = 9\np/corner_x = 0\np/corner_y = 0\np/fs = x\np/ss = y\np/res = 10000\n';

describe('texts are read in one pass', () => {
  test('comments of geometries, cells and spot lists', () => {
    expect(parseGeometry(`${panel}${marks(';')}\n`).panels).toHaveLength(1);
    const cell = 'a = 10 A\nb = 20 A\nc = 30 A\nal = 90 deg\nbe = 90 deg\nga = 90 deg\n';
    expect(parseCellFile(cell + marks(';'), 'c').centring).toBe('P');
    expect(readSpotList(`1 2 3 ${marks('#')}\n`).spots).toEqual(Float32Array.of(1, 2, 3));
  });

  test('vectors, groups and unknown keys of geometries', () => {
    expect(() => parseGeometry(`${panel}p/fs = ${'1'.repeat(long)}\n`)).toThrow(`fs has ${long} characters`);
    const spaces = ' '.repeat(long);
    expect(parseGeometry(`${panel}group_a = p${spaces}q, r\n`).groups.get('a')).toEqual([`p${spaces}q`, 'r']);
    expect(parseGeometry(`${panel}${'k'.repeat(long)} = 1\n`).warnings.join()).toContain('is not a key');
  });

  test('names that every object has are neither keys nor units of geometries', () => {
    const { warnings } = parseGeometry(`${panel}constructor = 1\np/__proto__ = 1\n`);
    expect(warnings.join()).toContain('"constructor" is not a key of geometry files');
    expect(warnings.join()).toContain('"__proto__" is not a key of geometry files');
    expect(() => parseGeometry(`${panel}clen = 5 constructor\n`)).toThrow('clen has the unit "constructor"');
  });

  test('values of bad pixels, which every panel copies', () => {
    const many =
      'flag_equal = 1\n'.repeat(100_000) + Array.from({ length: 100_000 }, (_, i) => `p${i}/res = 10000\n`).join('');
    expect(() => parseGeometry(many)).toThrow('more than 1000 values of bad pixels');
  });

  test('a name that is as long as its file is not similar to any other', () => {
    expect(nearest('wavelenght', ['wavelength', 'clen'])).toBe('wavelength');
    expect(nearest('w'.repeat(10 * long), ['wavelength', 'clen'])).toBeUndefined();
  });

  test('the beginning of a list of spots that is no other known file', { tags: 'all' }, () => {
    for (const begin of ['\n', ';\n', ' ', 'a', 'a/', ';', '; \n '])
      expect(() => readSpotList(`${begin.repeat(long)}x 1 2`)).toThrow(/is not a finite number|a spot holds 0 numbers/);
  });
});

test.for([
  ['maxFrames', 'maxRes'],
  ['max-frames', 'max-res'],
] as const)('%s is not near to %s, one word of which is another', ([name, other]) => {
  expect(nearest(name, [other, 'clen'])).toBeUndefined();
  expect(nearest(`${other}s`, [other, 'clen'])).toBe(other);
});
