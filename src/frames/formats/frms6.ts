/**
 * PNDetector pnCCD (.frms6): NAME_000.frms6 with dark frames, NAME_001.frms6 … with the frames of the scan, and
 * NAME.hdr, which describes it. Any of them can be opened. Not verified against a file of a camera.
 */
import type { Format } from '../format.js';

/** Whether the text is that of a NAME.hdr. */
const isHeader = (text: string): boolean => /^\s*\[measurementInfo\]/im.test(text);

export const frms6: Format = {
  name: 'frms6',
  title: 'PNDetector pnCCD (FRMS6)',
  isUnverified: true,
  endings: ['frms6', 'hdr'],
  options: ['dataset'],
  detect({ head, ending, text }) {
    if (ending === 'hdr' && isHeader(text)) return { confidence: 0.9, why: 'a section [measurementInfo]' };
    if (head.length < 1024) return undefined;
    const view = new DataView(head.buffer, head.byteOffset);
    const fits = view.getUint16(0, true) === 1024 && view.getUint16(2, true) === 64 && view.getUint8(7) === 6;
    if (!fits) return undefined;
    return ending === 'frms6'
      ? { confidence: 0.95, why: 'a file header of version 6' }
      : { confidence: 0.3, why: 'its first bytes could be a file header of version 6' };
  },
  // The first file of a set opens the others.
  isPart: (name, files) => {
    const first = name.replace(/_\d+(?=\.frms6$)/i, (digits) => `_${'0'.repeat(digits.length - 1)}`);
    return first !== name && files.includes(first);
  },
  // Few files are of this format, so its reader is loaded when one is opened.
  async open(source, options) {
    const { openFrms6 } = await import('./frms6-frames.js');
    return openFrms6(source, options);
  },
};
