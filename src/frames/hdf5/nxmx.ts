/** The tree of an NXmx file: frames and metadata, as DIALS, CrystFEL and ewald read it. */

import type { FrameSeries, WriteAttribute, WriteNode } from '../../hdf5/writer.js';
import type { Metadata } from '../dataset.js';

/** The data that are written with the frames. */
interface NxmxOptions {
  readonly frames: FrameSeries;
  readonly meta: Metadata;
  /** 1 where a pixel has no count, [y, x]. */
  readonly mask?: Uint8Array | undefined;
}

/** The `interpretation` by which a reader that knows only NeXus recognises a frame, by number of axes. */
const interpretations: Readonly<Record<number, string>> = { 1: 'spectrum', 2: 'image', 3: 'rgba-image' };

/** Largest valid value: the file's own limit, or one below the smallest marker of pixels without a count. */
function greatest({ saturation, markers = [] }: Metadata): number | undefined {
  const least = Math.min(...markers.filter((marker) => marker > 0));
  return saturation ?? (Number.isFinite(least) ? least - 1 : undefined);
}

/** NXdata: the frames, and the array of values for each axis with a scale. */
function dataGroup(frames: FrameSeries, meta: Metadata): WriteNode {
  const { signal, navigation = [] } = frames.options;
  const rank = navigation.length + signal.length;
  // A single image has an additional axis in the file.
  const axes = meta.axes && meta.axes.length <= rank && meta.axes.length >= rank - 1 ? meta.axes : [];
  const names: string[] = new Array(rank - axes.length).fill('.');
  const arrays: Record<string, WriteNode> = {};
  for (const [i, { name, size, scale, offset = 0, unit }] of axes.entries()) {
    const fits = size === [...navigation, ...signal][rank - axes.length + i];
    const plain = name.replace(/[^\w]/g, '_');
    const own = plain === '' || plain === 'data' || plain in arrays ? `axis_${i}` : plain;
    names.push(scale !== undefined && fits ? own : '.');
    if (scale === undefined || !fits) continue;
    arrays[own] = {
      value: Float64Array.from({ length: size }, (_, k) => offset + k * scale),
      attributes: { ...(unit ? { units: unit } : {}), ...(name ? { long_name: name } : {}) },
    };
  }
  const said = names.some((name) => name !== '.') ? { axes: names } : {};
  const interpretation = interpretations[signal.length];
  const node: WriteNode = { frames, attributes: interpretation ? { interpretation } : {} };
  return group('NXdata', { data: node, ...arrays }, { signal: 'data', ...said });
}

const of = (value: string | number, units?: string, attributes: Record<string, WriteAttribute> = {}): WriteNode => ({
  value,
  attributes: { ...(units ? { units } : {}), ...attributes },
});

const group = (nxClass: string, children: Record<string, WriteNode | undefined>, attributes = {}): WriteNode => ({
  attributes: { NX_class: nxClass, ...attributes },
  children: Object.fromEntries(Object.entries(children).filter((pair): pair is [string, WriteNode] => !!pair[1])),
});

/** What an electron microscope states of its optics, in NXem's group for it; undefined if it states nothing. */
function opticsGroup({ cameraLengthM, convergenceRad, scanRotationDeg }: Metadata): WriteNode | undefined {
  const children = {
    camera_length: cameraLengthM === undefined ? undefined : of(cameraLengthM, 'm'),
    semi_convergence_angle: convergenceRad === undefined ? undefined : of(convergenceRad, 'rad'),
    scan_rotation: scanRotationDeg === undefined ? undefined : of(scanRotationDeg, 'deg'),
  };
  return Object.values(children).some(Boolean) ? group('NXoptical_system_em', children) : undefined;
}

/** The children of the root. Nothing is invented: anything missing from `meta` is omitted. */
export function nxmxTree({ frames, meta, mask }: NxmxOptions): Record<string, WriteNode> {
  const { signal } = frames.options;
  const [slow = 1, fast = 1] = signal.slice(-2);
  const { pixelSizeM: pixel, beamCentrePx: centre, distanceM, wavelengthA, sensor } = meta;
  const saturation = greatest(meta);
  // NXmx defines series of images; the scan of a microscope is plain NeXus.
  const series = frames.options.navigation === undefined || frames.options.navigation.length === 1;
  const transformations = '/entry/instrument/detector/transformations';
  const detZ = `${transformations}/det_z`;
  const axis = (vector: number[], dependsOn: string, more: Record<string, WriteAttribute> = {}) => ({
    transformation_type: 'translation',
    vector: Float64Array.from(vector),
    depends_on: dependsOn,
    ...more,
  });
  const module = '/entry/instrument/detector/module';
  const detector: Record<string, WriteNode | undefined> = {
    description: meta.detector ? of(meta.detector) : undefined,
    detector_number: meta.serial ? of(meta.serial) : undefined,
    distance: distanceM === undefined ? undefined : of(distanceM, 'm'),
    beam_center_x: centre && of(centre.x, 'pixel'),
    beam_center_y: centre && of(centre.y, 'pixel'),
    x_pixel_size: pixel && of(pixel.x, 'm'),
    y_pixel_size: pixel && of(pixel.y, 'm'),
    count_time: meta.exposureS === undefined ? undefined : of(meta.exposureS, 's'),
    saturation_value: saturation === undefined ? undefined : of(saturation),
    underload_value: meta.underload === undefined ? undefined : of(meta.underload),
    error_value: meta.markers?.length ? of(Math.max(...meta.markers)) : undefined,
    bit_depth_image: meta.bitDepth === undefined ? undefined : of(meta.bitDepth),
    sensor_material: sensor?.material ? of(sensor.material) : undefined,
    sensor_thickness: sensor?.thicknessM === undefined ? undefined : of(sensor.thicknessM, 'm'),
    pixel_mask: mask && { value: Uint32Array.from(mask), shape: [slow, fast] },
  };
  if (distanceM !== undefined && pixel && centre) {
    detector.depends_on = of(detZ);
    detector.transformations = group('NXtransformations', {
      det_z: of(distanceM, 'm', axis([0, 0, 1], '.')),
    });
    detector.module = group('NXdetector_module', {
      data_origin: { value: BigInt64Array.of(0n, 0n) },
      data_size: { value: BigInt64Array.of(BigInt(slow), BigInt(fast)) },
      module_offset: of(
        0,
        'm',
        axis([1, 0, 0], detZ, {
          offset: Float64Array.of(-centre.x * pixel.x, -centre.y * pixel.y, 0),
          offset_units: 'm',
        }),
      ),
      fast_pixel_direction: of(pixel.x, 'm', axis([1, 0, 0], `${module}/module_offset`)),
      slow_pixel_direction: of(pixel.y, 'm', axis([0, 1, 0], `${module}/module_offset`)),
    });
  }
  return {
    entry: group(
      'NXentry',
      {
        definition: series && signal.length === 2 ? of('NXmx') : undefined,
        start_time: meta.date ? of(meta.date) : undefined,
        data: dataGroup(frames, meta),
        instrument: group('NXinstrument', {
          beam: group('NXbeam', {
            incident_wavelength: wavelengthA === undefined ? undefined : of(wavelengthA, 'angstrom'),
          }),
          detector: group('NXdetector', detector),
          optical_system: opticsGroup(meta),
        }),
        sample: group('NXsample', { depends_on: of('.') }),
      },
      { default: 'data' },
    ),
  };
}
