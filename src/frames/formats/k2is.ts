/**
 * Gatan K2 IS: eight files NAME1.bin … NAME8.bin, one for each sector of the detector, and NAME.gtg, which describes
 * the scan. Any of them can be opened. Not verified against a file of a camera.
 */
import type { Format } from '../format.js';
import { blockBytes, blockMark } from './k2is-block.js';

export const k2is: Format = {
  name: 'k2is',
  title: 'Gatan K2 IS',
  isUnverified: true,
  endings: ['bin', 'gtg'],
  options: [],
  detect({ head, ending }) {
    if (head.length < 40) return undefined;
    const view = new DataView(head.buffer, head.byteOffset);
    if (view.getUint32(0) === blockMark && view.getUint32(36) === blockBytes)
      return { confidence: 1, why: 'the mark 0xFFFF0055 and the size of a block' };
    const version = view.getUint32(0);
    return ending === 'gtg' && (version === 3 || version === 4)
      ? { confidence: 0.9, why: 'the tags of a K2 IS scan (.gtg)' }
      : undefined;
  },
  // The first sector opens the others.
  isPart: (name, files) => {
    const stem = name.replace(/[2-8]\.bin$/i, '');
    return stem !== name && [1, 2, 3, 4, 5, 6, 7, 8].every((sector) => files.includes(`${stem}${sector}.bin`));
  },
  // Few files are of this format, so its reader is loaded when one is opened.
  async open(source, options) {
    const { openK2is } = await import('./k2is-frames.js');
    return openK2is(source, options);
  },
};
