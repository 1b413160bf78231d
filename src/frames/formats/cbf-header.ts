/** Metadata from the text of a CBF: the '#' lines of Pilatus and Eiger, otherwise the items of imgCIF. */

import type { ByteSource } from '../../bytes/byte-source.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import type { Metadata, Note } from '../dataset.js';
import { type HeaderValues, headerNumbers, headerPlace, headerQuantity, headerWavelength } from '../header-quantity.js';
import { anglesOf } from '../turned-detector.js';
import type { CifItems } from './cif.js';

/** Metadata of the text; `shape` is that of the image, slowest axis first. Throws `Format` for an unknown unit. */
export function describeCbf(
  source: Pick<ByteSource, 'name'>,
  text: string,
  items: CifItems,
  shape: readonly number[],
): { meta: Metadata; notes: readonly Note[]; turned: readonly string[] } {
  const convention = items.get('_array_data.header_convention')?.[0];
  // Comments may stand before the text that should contain them.
  const contents = items.get('_array_data.header_contents')?.[0] ?? '';
  const mini = describeMini(source, /^#/m.test(contents) ? contents : text, shape);
  const full = describeFull(source, items);
  return {
    ...mini,
    meta: { ...full, ...mini.meta, header: { ...(convention ? { convention } : {}), ...mini.meta.header } },
  };
}

/**
 * Parses lines such as "# Wavelength 0.68937 A", of CBF and of Pilatus TIFF; `turned` lists the angles of a detector that
 * is not where `meta` says. Throws `Format` for an unknown unit.
 */
export function describeMini(
  source: Pick<ByteSource, 'name'>,
  text: string,
  shape: readonly number[],
): { meta: Metadata; notes: readonly Note[]; turned: readonly string[] } {
  const header: Record<string, string> = Object.create(null);
  // A key may have no value; the next line is not it.
  for (const [, key = '', value = ''] of text.matchAll(/^#[ \t]*([A-Z][\w]*)[:= \t]+([^\s:=].*)$/gm))
    header[key] ??= value.trim();
  const values: HeaderValues = { source, get: (key) => header[key] };
  const { turned, notes } = anglesOf(values, Object.keys(header));
  const [pixelX, pixelY] = headerNumbers(values, 'length', 'm', 'Pixel_size');
  const pixel = pixelX !== undefined && pixelY !== undefined ? { x: pixelX, y: pixelY } : undefined;
  const centre = headerPlace(values, pixel, 'Beam_xy');
  const [height = 0, width = 0] = shape.slice(-2);
  if (centre && (centre.x < 0 || centre.y < 0 || centre.x > width || centre.y > height))
    notes.push({
      kind: 'warning',
      text: `the beam centre (${centre.x}, ${centre.y}) is outside the image; is it an unset default?`,
    });
  const detector = /^#[ \t]*Detector:[ \t]*(.*?)(?:,\s*S\/N\s*([\w-]+).*)?$/m.exec(text);
  const [, material, thickness] = /^#\s*(\w+) sensor, thickness (.*)/m.exec(text) ?? [];
  const thicknessM = headerQuantity({ source, get: () => thickness }, 'length', 'm', 'the thickness of its sensor');
  const distance = headerQuantity(values, 'length', 'm', 'Detector_distance');
  const [start, range] = ['Start_angle', 'Angle_increment'].map((key) => headerQuantity(values, 'angle', 'deg', key));
  // Its modules lie on a half-cylinder around the sample, so one distance and one centre describe none of them.
  const isCurved = /PILATUS\d? 12M/i.test(detector?.[1] ?? '');
  if (isCurved)
    notes.push({
      kind: 'missing',
      text: 'positions of the modules: this detector is curved and its header describes a flat one; use a .geom file',
    });
  const isPhotonCounter = detector !== null && /PILATUS|EIGER/i.test(detector[1] ?? '');
  return {
    ...{ notes, turned },
    meta: omitUndefined({
      maker: isPhotonCounter ? 'Dectris' : detector?.[1] || undefined,
      detector: detector?.[1] || undefined,
      serial: detector?.[2] || undefined,
      date: /^#\s*(\d{4}[-/]\w+[-/]\d+[T ][\d:.]+)/m.exec(text)?.[1],
      wavelengthA: headerWavelength(values, 'A', 'Wavelength'),
      distanceM: distance && !isCurved ? distance : undefined,
      pixelSizeM: pixel,
      beamCentrePx: isCurved ? undefined : centre,
      exposureS: headerQuantity(values, 'time', 's', 'Exposure_time') || undefined,
      oscillationDeg: start !== undefined && range !== undefined ? { start, range } : undefined,
      sensor: material !== undefined && thicknessM !== undefined ? { material, thicknessM } : undefined,
      saturation: Number.parseFloat(header.Count_cutoff ?? '') || undefined,
      // Gaps are −1 and dead pixels −2.
      underload: isPhotonCounter ? 0 : undefined,
      header,
    }),
  };
}

/** The items of imgCIF that can be read without a geometry of axes. */
function describeFull(source: Pick<ByteSource, 'name'>, items: CifItems): Metadata {
  const first = (name: string): string | undefined => items.get(name)?.[0];
  const number = (name: string): number | undefined => {
    const value = Number.parseFloat(first(name) ?? '');
    return Number.isFinite(value) && value !== 0 ? value : undefined;
  };
  const named = (name: string): string | undefined => {
    const value = first(name);
    return value && !/^[?.]$/.test(value) ? value : undefined;
  };
  const [x, y] = (items.get('_array_element_size.size') ?? []).map(Number);
  const undefinedValue = number('_array_intensities.undefined_value');
  return omitUndefined({
    maker: named('_diffrn_source.type'),
    detector: named('_diffrn_detector.type'),
    wavelengthA: headerWavelength({ source, get: first }, 'A', '_diffrn_radiation_wavelength.wavelength'),
    pixelSizeM: x && y && x > 0 && y > 0 ? { x, y } : undefined,
    saturation: number('_array_intensities.overload'),
    markers: undefinedValue === undefined ? undefined : [undefinedValue],
    exposureS: number('_diffrn_scan_frame.integration_time'),
  });
}
