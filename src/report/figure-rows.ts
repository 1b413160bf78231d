/** Parameters of `writeFigures` and `ewald figures`. */
import type { Parameters } from '../options/parameters.js';

/** Parameters of writing the pictures of a report. */
export const figureRows = {
  output: {
    kind: 'text',
    short: 'o',
    sentence: 'folder for SVG files',
    defaultText: 'the current one, or none with --png',
    value: 'folder',
  },
  png: {
    kind: 'text',
    sentence: 'folder for PNG files, for which npm install @resvg/resvg-js is needed',
    defaultText: '',
    value: 'folder',
  },
  force: { kind: 'boolean', sentence: 'replaces existing files; never the report' },
} as const satisfies Parameters;
