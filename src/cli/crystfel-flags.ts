/** Flags of CrystFEL's indexamajig that are not here: told by name, never passed over. */
import { EwaldError } from '../base/errors.js';

/** Flags that are not here, and what to do instead. */
const absentFlags: Readonly<Record<string, string>> = {
  '--indexing': 'frames are indexed by --method fast, turbo or exhaustive; -p none finds peaks alone',
  '--basename': 'give the files where they are, or use -x',
  '--wait-for-file': '--follow waits for files and frames',
  '--data-format': 'the format of a file is found by looking at it',
  '--mille': 'detectors are refined as one: --refined-geometry',
  '--mille-file': 'detectors are refined as one: --refined-geometry',
  '--mille-dir': 'detectors are refined as one: --refined-geometry',
  '--max-mille-level': 'detectors are refined as one: --refined-geometry',
  '--no-check-cell': 'the known cell guides the search; -p takes another one, --accept-by crystfel a tolerance',
  '--no-check-peaks': 'lattices are judged against chance; --accept takes another limit',
  '--no-cell-combinations': 'the known cell guides the search',
  '--check-peaks': 'lattices are judged against chance; --accept-by crystfel takes its rule',
  '--check-cell': 'lattices are judged against chance; --accept-by crystfel takes its rule',
  '--no-retry': 'weak peaks are weighed, not left out in a second try',
  '--retry': 'weak peaks are weighed, not left out in a second try',
  '--no-refine': '--metric held keeps the known lengths and angles',
  '--max-indexer-threads': 'workers are -j',
  '--peakfinder8-fast': 'rings are counted fast and exactly always',
  '--median-filter': 'peaks are found against their own ring and surroundings',
  '--filter-noise': 'peaks are found against their own ring and surroundings',
  '--no-use-saturated': 'saturated peaks take part; max_adu in the geometry marks reflections',
  '--check-hdf5-snr': 'peaks are found in the frames',
  '--min-sq-gradient': 'it is --min-squared-gradient',
  '--min-gradient': 'it is --min-squared-gradient',
  '--min-snr-biggest-pix': 'it belongs to peakfinder9, which is not here',
  '--min-snr-peak-pix': 'it belongs to peakfinder9, which is not here',
  '--min-sig': 'it belongs to peakfinder9, which is not here',
  '--min-peak-over-neighbour': 'it belongs to peakfinder9, which is not here',
  '--pixelfinder': 'peaks are found by --peaks peakfinder8, zaef or dispersion',
  '--integration': 'reflections are integrated by rings; --int-radius, --no-integrate',
  '--fix-profile-radius': "the profile radius is that of each crystal's own peaks",
  '--fix-divergence': 'the divergence is taken as none',
  '--overpredict': '--push-res predicts farther',
  '--cell-parameters-only': '--no-integrate leaves reflections out',
  '--no-peaks-in-stream': 'peaks are always in the stream',
  '--no-refls-in-stream': '--no-integrate leaves reflections out',
  '--copy-header': 'headers are not copied into the stream',
  '--copy-hdf5-field': 'headers are not copied into the stream',
  '--serial-offset': 'it is --serial-start',
  '--harvest-file': '--json tells everything a frame gives',
  '--temp-dir': 'nothing is written beside the stream',
  '--cpu-pin': 'the system places the workers',
  '--spectrum': 'the bandwidth of the geometry is taken',
  '--no-image-data': '--peaks cxi or msgpack with --no-integrate needs peaks alone',
  '--fix-bandwidth': 'the bandwidth of the geometry is taken',
  '--wavelength-estimate': 'the wavelength is the geometry’s or the file’s',
  '--event-list': '-i takes a list whose lines are "file //3"',
  '--no-multi': 'one lattice is looked for without --multi',
  '--profile-radius': "the profile radius is that of each crystal's own peaks",
  '--camera-length-estimate': 'the distance is the geometry’s',
};

/** Families of flags, by what they begin with. */
const absentFamilies: Readonly<Record<string, string>> = {
  '--ffbidx-': "the fast indexer's flags have no prefix here: --max-spots, --method, --accept",
  '--xgandalf-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--pinkIndexer-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--pinkindexer-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--taketwo-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--felix-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--smallcell-': 'frames are indexed by --method fast, turbo or exhaustive',
  '--fromfile-': '-i takes a stream whose peaks are indexed again; --sol writes orientations',
  '--asapo-': 'frames are taken from files and by ZeroMQ: --zmq-input',
};

/** Refuses a command line with such a flag. Throws `Unsupported`. */
export function refuseAbsentFlags(words: readonly string[]): void {
  for (const word of words) {
    const [name = ''] = word.split('=');
    const family = Object.keys(absentFamilies).find((begin) => name.startsWith(begin));
    const instead = Object.hasOwn(absentFlags, name) ? absentFlags[name] : family && absentFamilies[family];
    // A finder of theirs, whose name is a value here.
    if (/^(--peaks=)?peakfinder9$/.test(word))
      throw new EwaldError(
        'Unsupported',
        "peakfinder9 is a search of CrystFEL's that ewald does not have: --peaks peakfinder8, zaef or dispersion",
      );
    if (instead === undefined) continue;
    throw new EwaldError(
      'Unsupported',
      `${name} is a flag of CrystFEL's indexamajig that ewald does not have: ${instead}`,
    );
  }
}
