/**
 * EMPAD: an .xml that describes the scan and a .raw with float32 frames of 130 × 128, the last two rows of which are
 * not part of the image. Either can be opened; the other is looked for next to it.
 */

import { EwaldError } from '../../../base/errors.js';
import { product } from '../../../base/product.js';
import { type ByteSource, baseName, siblingIfThere } from '../byte-source.js';
import { latin1 } from '../cursor.js';
import type { Dataset, Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { badFile, countFrames, navigationShape } from '../shapes.js';
import { blocksOf, openingTag } from '../text-header.js';
import { electronWavelengthA } from '../units.js';

const side = 128;
const rows = 130;
const storedBytes = side * side * 4;
const stride = rows * side * 4;
/** Pixels of the sensor (Tate et al., Microsc. Microanal. 22, 237, 2016). */
const pixelM = 150e-6;

/** Whether a raw file has a name of EMPAD's, whose only other evidence is a size of whole frames. */
export const isNamedByEmpad = (name: string): boolean =>
  /^scan_x(\d+)_y(\d+)\.raw$|^series_x(\d+)\.raw$/i.test(baseName(name));

export const empad: Format = {
  name: 'empad',
  title: 'EMPAD (XML + RAW)',
  endings: ['xml', 'raw'],
  options: [],
  detect({ text, ending, source }) {
    if (/^\s*(<\?xml[^>]*>\s*)?<root\b/.test(text) && /<camserver_parameters>|<raw_file\b/.test(text))
      return { confidence: 1, why: 'the XML of an EMPAD acquisition' };
    if (ending === 'raw' && source.size > 0 && source.size % stride === 0) {
      return isNamedByEmpad(source.name)
        ? {
            confidence: 0.8,
            why: `a file name of EMPAD's form, and ${source.size / stride} complete frames of 130 × 128 float32`,
          }
        : undefined;
    }
    return undefined;
  },
  async open(source, options) {
    const start = latin1(await source.read(0, Math.min(512, source.size), { signal: options.signal }));
    return /<root\b/.test(start) ? openXml(source, options) : openRaw(source, options);
  },
};

/** Opens the XML, which names the raw file. */
async function openXml(xml: ByteSource, options: FormatOptions): Promise<Dataset> {
  const { signal, allowOutside } = options;
  if (xml.size > 2 ** 22) throw badFile(xml, `${xml.size} bytes are too many for an EMPAD XML`);
  const text = latin1(await xml.read(0, xml.size, { signal }));
  const named = /\bfilename="([^"]+)"/.exec(openingTag(text, 'raw_file'))?.[1];
  if (!named) throw badFile(xml, 'the XML names no raw file (<raw_file filename="…"/>); open the .raw itself');
  let data: ByteSource;
  try {
    // Version 0.51 wrote the full path on its own machine: only the name can be next to the XML.
    data = await xml.sibling(allowOutside ? named : baseName(named), { signal, allowOutside });
  } catch (cause) {
    throw new EwaldError(
      'File',
      `${xml.name} describes a scan; its frames are in ${baseName(named)}, which cannot be ` +
        `opened: ${(cause as Error).message}`,
      {
        cause,
        detail: { path: xml.name, needs: baseName(named) },
      },
    );
  }
  try {
    return dataset(xml, data, describe(text), options);
  } catch (error) {
    await data.close();
    throw error;
  }
}

/** Opens the raw file. Its XML may have any name, so the scan is taken from the file's own name. */
async function openRaw(data: ByteSource, options: FormatOptions): Promise<Dataset> {
  const xml = await siblingIfThere(data, baseName(data.name).replace(/\.[^.]*$/, '.xml'), options);
  let described: Described = { shapes: [], untold: [], meta: { maker: 'EMPAD' } };
  try {
    if (xml && xml.size < 2 ** 22) described = describe(latin1(await xml.read(0, xml.size, options)));
  } finally {
    await xml?.close();
  }
  const named = /scan_x(\d+)_y(\d+)/i.exec(baseName(data.name));
  const shapes = named ? [...described.shapes, [Number(named[2]), Number(named[1])]] : described.shapes;
  return dataset(data, data, { ...described, shapes }, options);
}

function dataset(
  source: ByteSource,
  data: ByteSource,
  { shapes, meta, untold }: Described,
  options: FormatOptions,
): Dataset {
  const { frames, notes: cut } = countFrames(data, 0, stride, storedBytes);
  const fits = shapes.find((shape) => product(shape) === frames);
  const notes: Note[] = [...cut];
  for (const text of untold) notes.push({ kind: 'missing', text });
  const stated = shapes[0];
  if (!fits && stated)
    notes.push({
      kind: 'warning',
      text: `the XML claims ${stated.join(' × ')} frames, but the file holds ${frames}`,
      option: 'navShape',
    });
  else if (!fits)
    notes.push({
      kind: 'guess',
      text: 'the shape of the scan is unknown: the frames are one series',
      option: 'navShape',
    });
  const navigation = navigationShape(data, frames, fits ?? [frames], options);
  return openFrames(source, {
    format: 'empad',
    shape: { nav: navigation, sig: [side, side] },
    dtype: 'f32',
    meta,
    notes,
    sizes: stated ? [{ what: 'frames', expected: (fits ?? stated).reduce((a, b) => a * b, 1), found: frames }] : [],
    sources: data === source ? [] : [data],
    storedBytes,
    stride,
    locate: (frame) => ({ source: data, offset: frame * stride, run: frames - frame }),
  });
}

interface Described {
  /** Shapes of the scan according to the XML, most trusted first. */
  readonly shapes: readonly (readonly number[])[];
  readonly meta: Metadata;
  /** What the step of the scan and the angle of a pixel may be. */
  readonly untold: readonly string[];
}

/** Parses the XML. There are two generations of names: iom_measurements of 0.51 and of 1.2. */
function describe(text: string): Described {
  const value = (tag: string): string | undefined =>
    new RegExp(`<${tag.replaceAll('.', '\\.')}>([^<]*)</`).exec(text)?.[1]?.trim();
  const number = (...tags: string[]): number | undefined => {
    for (const tag of tags) {
      const found = Number.parseFloat(value(tag) ?? '');
      if (Number.isFinite(found)) return found;
    }
    return undefined;
  };
  const shapes: number[][] = [];
  const add = (...shape: (number | undefined)[]): void => {
    const numbers = shape.filter((n): n is number => n !== undefined && Number.isInteger(n) && n > 0);
    if (numbers.length === shape.length) shapes.push(numbers);
  };
  if (value('type') === 'series') add(number('count') ?? number('series_count'));
  add(number('pix_y'), number('pix_x'));
  for (const mode of ['acquire', 'search']) {
    const [block = ''] = blocksOf(text, `scan_parameters mode="${mode}">`, 1);
    const along = (axis: string): number => Number(new RegExp(`<scan_resolution_${axis}>(\\d+)<`).exec(block)?.[1]);
    add(along('y') || undefined, along('x') || undefined);
  }
  const volts = number('high_voltage', 'source.get_voltage');
  const camera = number('nominal_camera_length', 'optics.get_cameralength');
  const exposure = number('exposure_time');
  const turned = number('scan_rotation', 'column.get_scanrotation');
  const [fields = ''] = blocksOf(text, 'full_scan_field_of_view>', 1);
  // 0.51 writes a list of both axes.
  const listed = value('optics.get_full_scan_field_of_view')?.replace(/^\[/, '');
  const field = Number.parseFloat(/<x>([^<]*)</.exec(fields)?.[1] ?? listed ?? '') || undefined;
  const angle = number('calibrated_diffraction_angle');
  const date = /\bisoformat="([^"]+)"/.exec(openingTag(text, 'timestamp'))?.[1];
  return {
    shapes,
    untold: [
      ...(field === undefined ? [] : possibleSteps(text, field, number('pix_x'))),
      ...(angle === undefined ? [] : possibleAngles(angle, camera)),
    ],
    meta: {
      maker: 'EMPAD',
      detector: 'EMPAD',
      ...(date ? { date } : {}),
      ...(volts && volts > 0 ? { voltageV: volts, wavelengthA: electronWavelengthA(volts) } : {}),
      ...(camera ? { cameraLengthM: camera } : {}),
      // Milliseconds in all versions.
      ...(exposure ? { exposureS: exposure / 1000 } : {}),
      ...(turned === undefined ? {} : { scanRotationDeg: turned }),
      header: {
        softwareVersion: value('software_version'),
        spotSizeIndex: number('spot_size_index', 'beam.get_spotsizeindex'),
        fieldOfViewM: field,
        calibratedDiffractionAngleRad: angle,
      },
    },
  };
}

/** The XML does not say whether the field of view is that of the scan, or of a scan of size 1. */
function possibleSteps(text: string, fieldM: number, acquired: number | undefined): string[] {
  const [block = ''] = blocksOf(text, 'scan_parameters mode="acquire">', 1);
  const number = (tag: string): number => Number.parseFloat(new RegExp(`<${tag}>([^<]*)<`).exec(block)?.[1] ?? '');
  const [share, positions] = [number('scan_size'), acquired ?? number('scan_resolution_x')];
  const step = (fieldM / positions) * 1e9;
  if (!(step > 0 && share > 0)) return [];
  const [whole, part] = [step, step * share].map((nm) => `${Number(nm.toPrecision(4))} nm`);
  return [`the step of the scan: ${whole}, or ${part} if the field of view is that of a scan of size 1`];
}

/** What the XML was calibrated to, which is not what the nominal camera length gives. */
function possibleAngles(rad: number, cameraM: number | undefined): string[] {
  if (!(rad > 0)) return [];
  const [calibrated, nominal] = [rad, pixelM / (cameraM ?? 0)].map(
    (one) => `${Number((1e3 * one).toPrecision(4))} mrad`,
  );
  const other = cameraM ? `, or ${nominal} by the camera length and pixels of 150 µm` : '';
  return [`the angle of a detector pixel: ${calibrated} as the XML states its calibration${other}`];
}
