/** The groups and fields of an HDF5 file, for layouts whose frames are found by them. */
import { defaultFrameBytes } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { closeLinked, type FileSet, Hdf5File } from '../../hdf5/file.js';
import { Pace } from '../../util/pace.js';
import type { Services } from '../format.js';

/** Opens a file, which it closes after an error; the caller calls `close`. Throws `Format`. */
export async function openGroups(
  source: ByteSource,
  services: Services,
): Promise<{ readonly file: Hdf5File; close(): Promise<void> }> {
  let codecs: ReturnType<Services['codecs']> | undefined;
  const files: FileSet = {
    open: new Map(),
    opened: new Map(),
    raw: new Map(),
    maxFrameBytes: defaultFrameBytes,
    pace: new Pace(undefined),
    allowOutside: false,
    codecs: () => {
      codecs ??= services.codecs();
      return codecs;
    },
  };
  const close = async (): Promise<void> => {
    await closeLinked(files);
    await codecs?.then((own) => own.dispose()).catch(() => undefined);
    await source.close();
  };
  try {
    return { file: await Hdf5File.open(source, files), close };
  } catch (error) {
    await close();
    throw error;
  }
}
