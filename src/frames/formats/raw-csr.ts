/**
 * LiberTEM's sparse frames: a TOML file that names three files of plain numbers, which are a compressed sparse row
 * matrix with one row per frame. Frames are read as dense ones; the pixels that are not listed are 0.
 */
import type { Format } from '../format.js';

export const rawCsr: Format = {
  name: 'raw_csr',
  title: 'sparse frames (LiberTEM raw_csr)',
  isUnverified: true,
  endings: ['toml'],
  options: [],
  detect({ text, ending }) {
    if (/^\s*\[\s*raw_csr\s*\]/m.test(text)) return { confidence: 1, why: 'a table [raw_csr]' };
    if (ending === 'toml' && /raw_csr/.test(text)) return { confidence: 0.5, why: 'it mentions raw_csr' };
    return undefined;
  },
  // Few files are of this format, so its reader is loaded when one is opened.
  async open(source, options) {
    const { openRawCsr } = await import('./raw-csr-frames.js');
    return openRawCsr(source, options);
  },
};
