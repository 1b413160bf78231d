/**
 * EMPAD: an .xml that describes the scan and a .raw with float32 frames of 130 × 128, the last two rows of which are
 * not part of the image. Either can be opened; the other is looked for next to it.
 */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { EwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { product } from '../../util/product.js';
import { decodeLatin1 } from '../cursor.js';
import type { Dataset, Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { type HeaderValues, headerQuantity } from '../header-quantity.js';
import { countFrames, navigationShape } from '../shapes.js';
import { blocksOf, openingTag } from '../text-header.js';
import { electronBeam } from '../units.js';

const side = 128;
const rows = 130;
const storedBytes = side * side * 4;
const stride = rows * side * 4;
/** Pixels of the sensor (Tate et al., Microsc. Microanal. 22, 237, 2016). */
const pixelM = 150e-6;

const maxXmlBytes = 2 ** 22;

/** Whether a raw file is named as EMPAD names them; apart from its name, it only has a size of complete frames. */
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
    const start = decodeLatin1(await source.read(0, Math.min(512, source.size), { signal: options.signal }));
    return /<root\b/.test(start) ? openXml(source, options) : openRaw(source, options);
  },
};

/** Opens the XML, which names the raw file. */
async function openXml(xml: ByteSource, options: FormatOptions): Promise<Dataset> {
  const { signal, allowOutside } = options;
  if (xml.size > maxXmlBytes) throw badFile(xml, `${xml.size} bytes are too many for an EMPAD XML`);
  const text = decodeLatin1(await xml.read(0, xml.size, { signal }));
  const rawName = /\bfilename="([^"]+)"/.exec(openingTag(text, 'raw_file'))?.[1];
  if (!rawName) throw badFile(xml, 'the XML names no raw file (<raw_file filename="…"/>); open the .raw itself');
  let data: ByteSource;
  try {
    // Version 0.51 wrote the full path on its own machine: only the name can be next to the XML.
    data = await xml.sibling(allowOutside ? rawName : baseName(rawName), { signal, allowOutside });
  } catch (cause) {
    throw new EwaldError(
      'File',
      `${xml.name} describes a scan; its frames are in ${baseName(rawName)}, which cannot be ` +
        `opened: ${(cause as Error).message}`,
      {
        cause,
        detail: { path: xml.name, needs: baseName(rawName) },
      },
    );
  }
  return closingOnError([data], () => makeDataset(xml, data, parseXml(xml, text), options));
}

/** Opens the raw file. The XML next to it, if any, comes first; the file name is the fallback. */
async function openRaw(data: ByteSource, options: FormatOptions): Promise<Dataset> {
  const xml = await openSiblingIfExists(data, baseName(data.name).replace(/\.[^.]*$/, '.xml'), options);
  let described: ScanDescription = { shapes: [], statedBy: 'the XML', ambiguities: [], meta: { maker: 'EMPAD' } };
  try {
    if (xml && xml.size <= maxXmlBytes) described = parseXml(xml, decodeLatin1(await xml.read(0, xml.size, options)));
  } finally {
    await xml?.close();
  }
  const scanMatch = /scan_x(\d+)_y(\d+)/i.exec(baseName(data.name));
  const shapes = scanMatch ? [...described.shapes, [Number(scanMatch[2]), Number(scanMatch[1])]] : described.shapes;
  const statedBy = described.shapes.length > 0 ? 'the XML' : 'the file name';
  return makeDataset(data, data, { ...described, shapes, statedBy }, options);
}

function makeDataset(
  source: ByteSource,
  data: ByteSource,
  { shapes, statedBy, meta, ambiguities }: ScanDescription,
  options: FormatOptions,
): Dataset {
  const { frames, notes: sizeNotes } = countFrames(data, 0, stride, storedBytes);
  const matchingShape = shapes.find((shape) => product(shape) === frames);
  const notes: Note[] = [...sizeNotes];
  for (const text of ambiguities) notes.push({ kind: 'missing', text });
  const statedShape = shapes[0];
  if (!matchingShape && statedShape)
    notes.push({
      kind: 'warning',
      text: `${statedBy} states ${statedShape.join(' × ')} frames, but the file holds ${frames}`,
      option: 'navShape',
    });
  else if (!matchingShape)
    notes.push({
      kind: 'guess',
      text: 'the shape of the scan is unknown: the frames are one series',
      option: 'navShape',
    });
  const navigation = navigationShape(data, frames, matchingShape ?? [frames], options);
  return openFrames(source, {
    format: 'empad',
    shape: { nav: navigation, sig: [side, side] },
    dtype: 'f32',
    meta,
    notes,
    sizes: statedShape ? [{ what: 'frames', expected: product(matchingShape ?? statedShape), found: frames }] : [],
    sources: data === source ? [] : [data],
    storedBytes,
    stride,
    locate: (frame) => ({ source: data, offset: frame * stride, run: frames - frame }),
  });
}

interface ScanDescription {
  /** Possible shapes of the scan, most trusted first. */
  readonly shapes: readonly (readonly number[])[];
  /** What states the first one. */
  readonly statedBy: 'the XML' | 'the file name';
  readonly meta: Metadata;
  /** The values that the step of the scan and the angle of a pixel may have. */
  readonly ambiguities: readonly string[];
}

/** The text of the first element with this tag. */
const elementText = (text: string, tag: string): string | undefined =>
  new RegExp(`<${tag.replaceAll('.', '\\.')}>([^<]*)</`).exec(text)?.[1]?.trim();

/** Parses the XML. There are two generations of names: iom_measurements of 0.51 and of 1.2. */
function parseXml(source: ByteSource, text: string): ScanDescription {
  const value = (tag: string): string | undefined => elementText(text, tag);
  const number = (...tags: string[]): number | undefined => {
    for (const tag of tags) {
      const float = Number.parseFloat(value(tag) ?? '');
      if (Number.isFinite(float)) return float;
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
    const resolutionOf = (axis: string): number | undefined =>
      Number(elementText(block, `scan_resolution_${axis}`)) || undefined;
    add(resolutionOf('y'), resolutionOf('x'));
  }
  const values: HeaderValues = { source, get: value };
  const camera = headerQuantity(values, 'length', 'm', 'nominal_camera_length', 'optics.get_cameralength');
  const exposureMs = headerQuantity(values, 'time', 'ms', 'exposure_time');
  const [fields = ''] = blocksOf(text, 'full_scan_field_of_view>', 1);
  // 0.51 writes a list of both axes.
  const fieldList = value('optics.get_full_scan_field_of_view')?.replace(/^\[/, '');
  const fieldOfView = Number.parseFloat(elementText(fields, 'x') ?? fieldList ?? '') || undefined;
  const pixelAngle = number('calibrated_diffraction_angle');
  return {
    shapes,
    statedBy: 'the XML',
    ambiguities: [
      ...(fieldOfView === undefined ? [] : possibleSteps(text, fieldOfView, number('pix_x'))),
      ...(pixelAngle === undefined ? [] : possibleAngles(pixelAngle, camera)),
    ],
    meta: omitUndefined({
      maker: 'EMPAD',
      detector: 'EMPAD',
      date: /\bisoformat="([^"]+)"/.exec(openingTag(text, 'timestamp'))?.[1],
      ...electronBeam(headerQuantity(values, 'voltage', 'V', 'high_voltage', 'source.get_voltage')),
      cameraLengthM: camera || undefined,
      // Milliseconds in all versions.
      exposureS: exposureMs ? exposureMs / 1000 : undefined,
      scanRotationDeg: number('scan_rotation', 'column.get_scanrotation'),
      header: {
        softwareVersion: value('software_version'),
        spotSizeIndex: number('spot_size_index', 'beam.get_spotsizeindex'),
        fieldOfViewM: fieldOfView,
        calibratedDiffractionAngleRad: pixelAngle,
      },
    }),
  };
}

/** The XML does not say whether its field of view is that of this scan, or of a scan of the full size, 1. */
function possibleSteps(text: string, fieldM: number, acquired: number | undefined): string[] {
  const [block = ''] = blocksOf(text, 'scan_parameters mode="acquire">', 1);
  const number = (tag: string): number => Number.parseFloat(elementText(block, tag) ?? '');
  const [scanSize, positions] = [number('scan_size'), acquired ?? number('scan_resolution_x')];
  const step = (fieldM / positions) * 1e9;
  if (!(step > 0 && scanSize > 0)) return [];
  const [whole, part] = [step, step * scanSize].map((nm) => `${Number(nm.toPrecision(4))} nm`);
  return [`the step of the scan: ${whole}, or ${part} if the field of view is that of a scan of size 1`];
}

/** The calibration stated in the XML differs from what the nominal camera length gives. */
function possibleAngles(rad: number, cameraM: number | undefined): string[] {
  if (!(rad > 0)) return [];
  const mrad = (angle: number): string => `${Number((1e3 * angle).toPrecision(4))} mrad`;
  const nominal = cameraM ? `, or ${mrad(pixelM / cameraM)} from the camera length and pixels of 150 µm` : '';
  return [`the angle of a detector pixel: ${mrad(rad)} from the calibration in the XML${nominal}`];
}
