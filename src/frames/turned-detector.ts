/**
 * Detectors that are swung out or tilted, as text headers state it: an angle without its axis and its sign, on which
 * beamlines differ. Such a detector has neither the distance nor the beam centre of one at a right angle to the beam.
 */
import { without } from '../util/without.js';
import type { Metadata, Note } from './dataset.js';
import { type HeaderValues, headerQuantity } from './header-quantity.js';

/** Keys of angles of the detector, in lower case without punctuation. */
const ofDetector =
  /^(start)?(det(ector)?)?(2|two)theta(deg)?$|^det(ector)?(tilt|roll|pitch|yaw|swing|omega|theta|rot(ation)?)[a-z]*[xyz123]?$|^rot[123]$/;
/** Those that may be of the detector or of the sample. */
const ofEither = /^(omegaoffset|(tilt|roll|pitch|yaw)(angle|deg)?[xyz123]?|tiltplanerotation)$/;
/** Motors of arms that carry the detector of a diffractometer, or another one. */
const ofArms = /^(tth|2th|2theta|twotheta|nu|del|delta|gam|gamma)$/i;
/** Rotations of EDF and of PONI files are in radians. */
const inRadians = /(rotation|^rot)[123]$/;

/** Angles below this one, degrees, do not move the beam by a pixel. */
export const leastAngleDeg = 0.01;

/** The angles of a header that are not zero: those of its detector, and notes on those that may be of it. */
export function anglesOf(values: HeaderValues, keys: Iterable<string>): { turned: string[]; notes: Note[] } {
  const [turned, doubtful]: [string[], string[]] = [[], motorsOf(values)];
  for (const key of keys) {
    const plain = key.toLowerCase().replace(/[\W_]/g, '');
    const list = ofDetector.test(plain) ? turned : ofEither.test(plain) ? doubtful : undefined;
    if (!list) continue;
    const angle = headerQuantity(values, 'angle', inRadians.test(plain) ? 'rad' : 'deg', key) ?? 0;
    const degrees = inRadians.test(plain) ? (angle * 180) / Math.PI : angle;
    if (Math.abs(degrees) > leastAngleDeg) list.push(`${key} ${values.get(key)?.trim()}`);
  }
  const text =
    `${doubtful.join(', ')} may turn the detector, which is taken for one at a right angle to the beam; if it does, ` +
    'give its geometry (-g FILE.geom)';
  return { turned, notes: doubtful.length > 0 ? [{ kind: 'warning', text }] : [] };
}

/** The arms among the motors that an EDF header lists: `motor_mne = phi tth`, `motor_pos = 10 20`. */
function motorsOf({ get }: HeaderValues): string[] {
  const [names = [], places = []] = ['MOTOR_MNE', 'MOTOR_POS'].map((key) => get(key)?.trim().split(/\s+/));
  return names.flatMap((name, i) =>
    ofArms.test(name) && Math.abs(Number(places[i])) > leastAngleDeg ? [`motor ${name} ${places[i]}`] : [],
  );
}

/** The angles of a detector of which the arm is known in degrees, under the name that its file or stream has for it. */
export const armOf = (name: string, degrees: number | undefined): string[] =>
  degrees !== undefined && Math.abs(degrees) > leastAngleDeg ? [`${name} ${Number(degrees.toPrecision(9))} deg`] : [];

/** What is known of a file whose detector is turned: not where it is. */
export function withoutPlace(
  described: { readonly meta: Metadata; readonly notes: readonly Note[] },
  turned: readonly string[],
): { readonly meta: Metadata; readonly notes: readonly Note[] } {
  if (turned.length === 0) return described;
  const meta = without(described.meta, 'distanceM', 'beamCentrePx');
  const text =
    `the distance and the beam centre of a detector that is not turned: this one is (${turned.join(', ')}), and a ` +
    'header does not state about which axis and in which direction; give its geometry (-g FILE.geom)';
  return { meta: { ...meta, turned }, notes: [...described.notes, { kind: 'missing', text }] };
}
