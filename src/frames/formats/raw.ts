/**
 * Plain numbers without a header: shape and dtype come from the caller, never from a guess.
 *
 * Supports a file header (`offset`), bytes before and after each frame, both byte orders, and files whose scan varies
 * fastest.
 */

import type { ByteSource } from '../../bytes/byte-source.js';
import { elementBytes } from '../../bytes/dtype.js';
import { argumentError, settings } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { checkFileBytes } from '../cut-files.js';
import type { Dataset } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { notesOnNumbers } from '../numbers-doubt.js';
import { checkShape, countFrames, navigationShape } from '../shapes.js';
import { suggestedShape } from '../suggested-shape.js';

export const raw: Format = {
  name: 'raw',
  title: 'plain numbers',
  endings: ['raw', 'bin', 'dat'],
  options: ['sigShape', 'dtype', 'endian', 'offset', 'frameHeader', 'frameFooter', 'order'],
  // The bytes give no evidence: a file is opened as raw by name, or by dtype and sigShape if no other format recognises
  // it.
  detect: () => undefined,
  open: openRaw,
};

async function openRaw(source: ByteSource, options: FormatOptions): Promise<Dataset> {
  const missing = (['dtype', 'sigShape'] as const).filter((name) => options[name] === undefined);
  if (missing.length > 0)
    throw argumentError('', (said) => {
      const such = settings(said, suggestedShape(source.size, options.dtype));
      return (
        `${source.name} has no header that describes it: pass ${missing.map(said).join(' and ')}, such as ${such}; ` +
        `the file has ${source.size} bytes`
      );
    });
  const {
    dtype = 'u8',
    endian = 'little',
    order,
    offset = 0,
    frameHeader: header = 0,
    frameFooter: footer = 0,
  } = options;
  const signal = checkShape('raw: sigShape', options.sigShape ?? [], 1);
  const storedBytes = signal.reduce((a, b) => a * b, elementBytes(dtype));
  const stride = header + storedBytes + footer;
  if (order === 'navigation' && header + footer > 0)
    throw new EwaldError(
      'Argument',
      'raw: with order navigation frames are not contiguous, so they have no frameHeader or frameFooter',
    );
  if (!Number.isSafeInteger(stride))
    throw new EwaldError('Argument', `raw: a frame of ${signal.join(' × ')} ${dtype} is larger than any file`);
  const { frames, notes: cut } = countFrames(source, offset + header, stride, storedBytes);
  // Nothing but the size says what the user has stated, so that anything of it may be wrong.
  const notes = cut.map((note) => ({
    ...note,
    text: `${note.text}, or the file has a header, gaps between its frames, or frames of another size`,
    option: 'offset' as const,
  }));
  const stored = { offset: offset + header, bytes: storedBytes, dtype, little: endian === 'little' };
  // The first and the middle one, and others between them.
  const looked = [0, 8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15].map((k) => Math.floor((k * frames) / 16));
  const doubts = await notesOnNumbers(
    source,
    stored,
    looked.map((frame) => frame * stride),
  );
  const navigation = navigationShape(source, frames, frames === 1 ? [] : [frames], options);
  return openFrames(source, {
    format: 'raw',
    shape: { nav: navigation, sig: [...signal] },
    dtype,
    meta: {},
    notes: [...notes, ...doubts],
    sizes: [checkFileBytes(source, offset + frames * stride)],
    offset: offset + header,
    stride,
    little: endian === 'little',
    order: order === 'navigation' ? order : undefined,
  });
}
