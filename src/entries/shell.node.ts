/**
 * `ewald/shell`: what the commands of `ewald` do with files, as functions. Node alone, since browsers write no files.
 *
 *     import { convert } from 'ewald/shell';
 *     const { shape, bytes } = await convert('scan.mib', 'scan.h5', { packing: 'gzip' });    // ewald convert
 *
 * Files are written as the commands write them: whole or not at all, never over an input, and over another file only
 * with `force`.
 *
 * @module
 */
export { messageOf } from '../base/errors.js';
export { fileError, fileReason } from '../base/file-errors.js';
export { choice, exact, nearest } from '../base/options.js';
export type { FrameFormat, WrittenFrames } from '../data/convert.js';
export { type ConvertOptions, convert } from '../data/convert.node.js';
export { interruptedCode, interruptible, killable } from '../files/interrupt.js';
export { linesOf } from '../files/lines.js';
export { expand, inputName, readBytes, readCellOption, readText } from '../files/read.js';
export { checkOutput, type Output, openOutput, type WriteOptions, writeWhole } from '../files/write.js';
