/** Checks text that goes into a stream: no line may be one that readers would interpret differently. */
import { EwaldError } from '../../util/errors.js';
import { oneLine, oneWord } from '../../util/plain-text.js';
import { marks } from './stream.js';

/** Markers, which start or end a section wherever they occur. */
const marking: ReadonlySet<string> = new Set(Object.values(marks).map((mark) => mark.trim()));
/** Prefixes of lines that have another meaning in a frame or a crystal. */
const meaning =
  /^(Image filename:|Event:|Image serial number:|Cell parameters |[abc]star = |predict_refine\/det_shift |CrystFEL stream format |(hit|indexed_by|ewald\/indexed_by|n_indexing_tries|photon_energy_eV|beam_divergence|beam_bandwidth|average_camera_length|num_peaks|peak_resolution|lattice_type|centering|unique_axis|profile_radius|diffraction_resolution_limit|num_reflections|num_saturated_reflections|num_implausible_reflections) = )/;
/** Characters at which readers in C, Python or JavaScript may end a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: line ends are what is looked for
const ends = /\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/;

const forged = (line: string, what: string): EwaldError =>
  new EwaldError(
    'Argument',
    `${what} contains the line ${JSON.stringify(line.slice(0, 80))}, which readers would interpret as a line of ` +
      'the stream itself',
    { detail: { what, line } },
  );

/** Validates free text on a line of its own, such as a command line. Throws `Argument`. */
export function freeLine(text: string, what: string): string {
  if (marking.has(oneLine(text, what).trim())) throw forged(text, what);
  return text;
}

/**
 * Validates a further line of a frame or a crystal, such as a copied header value; it must not be empty. Throws
 * `Argument`.
 */
export function noteLine(text: string, what: string): string {
  if (text === '' || meaning.test(freeLine(text, what))) throw forged(text, what);
  return text;
}

/** Validates a file that is embedded in the head verbatim; returns its lines. Throws `Argument`. */
export function fileLines(text: string, what: string): string[] {
  for (const line of text.split(ends)) if (marking.has(line.trim()) && line.trim() !== '') throw forged(line, what);
  if (text.includes('\0')) throw forged('\0', what);
  return text.replace(/\n$/, '').split('\n');
}

/** Rejects panel names that a list cannot hold, before anything is written. Throws `Argument`. */
export function checkPanels(list: readonly { readonly panel: string }[]): void {
  let last: string | undefined;
  for (const { panel } of list) if (panel !== last) last = oneWord(panel, 'the name of a panel');
}
