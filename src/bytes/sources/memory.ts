/** Bytes in memory as a source; the files it refers to are passed along. */
import { EwaldError } from '../../util/errors.js';
import { checkSignal, inspect } from '../../util/options.js';
import { Pace } from '../../util/pace.js';
import {
  absentFile,
  type ByteSource,
  partsInside,
  type ReadOptions,
  readTarget,
  type SiblingOptions,
} from '../byte-source.js';

/** A source over bytes; `siblings` are the files it may refer to, by their relative names. Nothing is copied. */
export function memorySource(
  bytes: Uint8Array,
  name = 'memory',
  siblings: Readonly<Record<string, Uint8Array>> = {},
): ByteSource {
  if (!ArrayBuffer.isView(bytes))
    throw new EwaldError('Argument', `memorySource was given ${inspect(bytes)}; expected a Uint8Array`);
  // Reads from memory wait for nothing, so without this, loops over reads would block the event loop.
  const pace = new Pace();
  const size = bytes.byteLength;
  const source: ByteSource = {
    name,
    size,
    async read(offset: number, into: number | Uint8Array, options: ReadOptions = {}) {
      checkSignal(options.signal);
      if (pace.due) await pace.rest(options.signal);
      const out = readTarget(source, offset, into);
      if (bytes.byteLength !== size)
        throw new EwaldError(
          'Shape',
          `${name}: its memory was detached or shrunk: ${bytes.byteLength} of ${size} bytes are left; ` +
            'keep it until the source is closed',
          { detail: { path: name } },
        );
      out.set(bytes.subarray(offset, offset + out.byteLength));
      return out;
    },
    async sibling(path: string, options: SiblingOptions = {}) {
      const wanted = partsInside(name, path, options).join('/');
      const sibling = Object.hasOwn(siblings, wanted) ? siblings[wanted] : undefined;
      if (!sibling)
        throw absentFile(wanted, `among ${Object.keys(siblings).join(', ') || 'no files'} given with ${name}`);
      return memorySource(sibling, wanted, siblings);
    },
    async folders(path: string) {
      const before = partsInside(name, path, {})
        .map((part) => `${part}/`)
        .join('');
      const inside = Object.keys(siblings).filter((key) => key.startsWith(before));
      return [...new Set(inside.map((one) => one.slice(before.length)))]
        .flatMap((one) => (one.includes('/') ? [one.slice(0, one.indexOf('/'))] : []))
        .filter((one, i, all) => all.indexOf(one) === i)
        .sort();
    },
    close: async () => undefined,
  };
  return source;
}
