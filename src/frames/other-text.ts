import { noPlainText } from '../util/text-begin.js';

/** Keys that only geometries have, of the whole detector and of a panel. */
const geometryKeys =
  'wavelength|photon_energy|electron_voltage|clen|coffset|adu_per_\\w+|res|data|dim\\d|mask\\w*|flag_\\w+|' +
  'peak_list\\w*|group_\\w+|rigid_group\\w*|[\\w-]+/(?:data|dim\\d|(?:min|max)_[fs]s|corner_[xy]|[fs]s)';

/** Files of crystallography that hold neither frames nor spots, by their first characters, and what uses them. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^CrystFEL reflection list version/, 'a list of merged reflections: ewald merge --reference compares with it'],
  [/^MTZ /, 'an MTZ file of reflections: ewald merge --reference compares with it'],
  [
    /^CrystFEL stream format/,
    'a stream: ewald stream info counts its frames, ewald index searches its peaks and determines a cell that is not ' +
      'given, ewald view and ewald merge use it',
  ],
  [/^EWALDMG1/, 'a state of ewald merge, which continues with it'],
  [/^CrystFEL unit cell file/, 'a known cell: give it as one of the cells (-p), beside frames or a list of spots'],
  // After comments and empty lines, a key that only geometries have.
  [
    new RegExp(`^(?:[^\\S\\n]*(?:;[^\\n]*)?\\n)*[^\\S\\n]*(?:${geometryKeys})[^\\S\\n]*=`),
    'a geometry of a detector: give it as geometry (-g), beside its frames',
  ],
];

/** What a text or another file is by its beginning; undefined if its kind is unknown. */
export const otherText = (begin: string): string | undefined =>
  kinds.find(([pattern]) => pattern.test(begin))?.[1] ?? pageOrWide(begin);

/** A page of HTML, or a text in UTF-16; zeros alone say nothing of a file of frames. */
function pageOrWide(begin: string): string | undefined {
  const other = noPlainText(begin);
  return other === 'not a text file' ? undefined : other;
}
