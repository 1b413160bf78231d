/** Rejects flags of CrystFEL's programs that ewald does not have, by name. */
import { EwaldError } from '../entries/index.node.js';

/** Unsupported flags, and what to use instead. */
const absentFlags: Readonly<Record<string, string>> = {
  '--indexing': 'frames are indexed by --method fast, turbo or exhaustive; with -p none only peaks are found',
  '--basename': 'give the full paths of the files, or use -x',
  '--wait-for-file': '--follow waits for files and frames',
  '--data-format': 'the format of a file is found by looking at it',
  '--mille-dir': 'all workers write into one file: --mille-file',
  '--no-check-cell': 'the known cell guides the search; -p selects another cell, --accept-by crystfel a tolerance',
  '--no-check-peaks': 'lattices are judged against chance; --accept sets another limit',
  '--no-cell-combinations': 'the known cell guides the search',
  '--check-peaks': 'lattices are judged against chance; --accept-by crystfel applies this rule',
  '--check-cell': 'lattices are judged against chance; --accept-by crystfel applies this rule',
  '--no-check-prefix': '-x is put before each name as it is given, as with this flag',
  '--no-mask-data': 'masks of the geometry are always read; leave its mask lines out to search without them',
  '--spectrum-file': 'the bandwidth of the geometry is taken',
  '--no-retry': 'weak peaks are down-weighted, not removed in a second attempt',
  '--retry': 'weak peaks are down-weighted, not removed in a second attempt',
  '--no-refine': '--metric held keeps the known lengths and angles',
  '--max-indexer-threads': 'set the number of workers with -j',
  '--peakfinder8-fast': 'ring statistics are always fast and exact',
  '--median-filter': 'peaks are compared with their ring and their local background',
  '--filter-noise': 'peaks are compared with their ring and their local background',
  '--check-hdf5-snr': 'peaks are found in the frames',
  '--min-sq-gradient': 'use --min-squared-gradient',
  '--min-gradient': 'use --min-squared-gradient',
  '--min-snr-biggest-pix': 'it belongs to peakfinder9, which ewald does not have',
  '--min-snr-peak-pix': 'it belongs to peakfinder9, which ewald does not have',
  '--min-sig': 'it belongs to peakfinder9, which ewald does not have',
  '--min-peak-over-neighbour': 'it belongs to peakfinder9, which ewald does not have',
  '--pixelfinder': 'peaks are found by --peaks peakfinder8, zaef or dispersion',
  '--fix-divergence': 'the divergence is taken as none',
  '--int-diag': '--json prints all results of a frame',
  '--cell-parameters-only': '--no-integrate omits reflections',
  '--copy-hdf5-field': 'use --copy-header',
  '--serial-offset': 'use --serial-start',
  '--harvest-file': '--json prints all results of a frame',
  '--temp-dir': 'only the stream is written',
  '--cpu-pin': 'the system places the workers',
  '--spectrum': 'the bandwidth of the geometry is taken',
  '--no-image-data': '--peaks cxi or msgpack with --no-integrate only requires peaks',
  '--fix-bandwidth': 'the bandwidth of the geometry is taken',
  '--wavelength-estimate': 'the wavelength comes from the geometry or the file',
  '--event-list': '-i takes a list with lines "file //3"',
  '--no-multi': 'without --multi only one lattice is searched for',
  '--profile-radius': 'use --fix-profile-radius',
  '--camera-length-estimate': 'the distance comes from the geometry',
};

/** Families of flags by prefix. */
const absentFamilies: Readonly<Record<string, string>> = {
  '--ffbidx-': 'flags of the fast indexer have no prefix in ewald: --max-spots, --method, --accept',
  '--xgandalf-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--pinkIndexer-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--pinkindexer-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--taketwo-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--felix-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--smallcell-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--fromfile-': '-i takes a stream whose peaks are indexed again; --sol writes orientations',
  '--asapo-': 'frames are read from files or received by ZeroMQ: --zmq-input',
};

/** Flags of partialator and process_hkl that `ewald merge` does not have, and what to use instead. */
export const absentMergeFlags: Readonly<Record<string, string>> = {
  '-i': 'streams are given without a flag: ewald merge a.stream b.stream -y 4/mmm',
  '--input': 'streams are given without a flag: ewald merge a.stream b.stream -y 4/mmm',
  '-w': 'every indexing ambiguity that the cell allows is resolved; --no-ambiguity keeps the indexing of the crystals',
  '--operator': 'every indexing ambiguity that the cell allows is resolved; --no-ambiguity keeps the indexing',
  '--no-scale': '--model mean merges without scales',
  '--scale': 'crystals are scaled by every model except mean; --model unity fits nothing else',
  '--no-Bscale': 'scale and relative B are fitted together; --model mean merges without them',
  '--no-pr': '--model unity fits scales without partialities and orientations',
  '--no-deltacchalf': 'crystals are not rejected by CC1/2; deviating observations have less weight',
  '--no-free': 'each crystal is fitted to the merge of all others',
  '--max-rel-B': 'a prior keeps relative B factors small; --assignments writes them',
  '--no-logs': 'no logs are written; --assignments writes the parameters of each crystal',
  '--log-folder': 'no logs are written; --assignments writes the parameters of each crystal',
  '--output-every-cycle': 'only the last cycle is written; -n sets the largest number of cycles',
  '--harvest-file': '--json prints all parameters, --assignments those of each crystal',
  '--stat': '--assignments writes the scale of each crystal',
  '--force-bandwidth': 'the bandwidth is that of the stream',
  '--force-radius': 'the profile radius of each crystal is fitted',
  '--force-lambda': 'the wavelength is that of the stream',
  '--start-after': 'all crystals are merged; --custom-split merges some of them separately as well',
  '--stop-after': 'all crystals are merged; --custom-split merges some of them separately as well',
  '--min-res': 'all crystals are merged, weak ones with less weight; --highres limits the statistics',
  '--min-cc': 'all crystals are merged, deviating observations with less weight',
  '-g': '--unmerged writes all observations of each reflection',
  '--histogram': '--unmerged writes all observations of each reflection',
  '-z': '--unmerged writes all observations of each reflection',
  '--hist-parameters': '--unmerged writes all observations of each reflection',
};

/** Rejects a command line of `ewald merge` with a flag of CrystFEL's merging programs. Throws `Unsupported`. */
export function refuseAbsentMergeFlags(words: readonly string[]): void {
  for (const word of words) {
    const [name = ''] = word.split('=');
    if (Object.hasOwn(absentMergeFlags, name))
      throw new EwaldError(
        'Unsupported',
        `${name} is a flag of CrystFEL's merging programs that ewald does not have: ${absentMergeFlags[name]}`,
      );
  }
}

/** Rejects a command line with such a flag. Throws `Unsupported`. */
export function refuseAbsentFlags(words: readonly string[]): void {
  for (const word of words) {
    const [name = ''] = word.split('=');
    const family = Object.keys(absentFamilies).find((begin) => name.startsWith(begin));
    if (name === '-y' || name === '--symmetry')
      throw new EwaldError(
        'Unsupported',
        `${name} is a flag of merging: ewald merge run.stream -y GROUP; --merge GROUP merges while the run goes on`,
      );
    const instead = Object.hasOwn(absentFlags, name) ? absentFlags[name] : family && absentFamilies[family];
    // CrystFEL's finder is given as a value of --peaks here.
    if (/^(--peaks=)?peakfinder9$/.test(word))
      throw new EwaldError(
        'Unsupported',
        'peakfinder9 is a CrystFEL finder that ewald does not have; use --peaks peakfinder8, zaef or dispersion',
      );
    if (instead === undefined) continue;
    throw new EwaldError(
      'Unsupported',
      `${name} is a flag of CrystFEL's indexamajig that ewald does not have: ${instead}`,
    );
  }
}
