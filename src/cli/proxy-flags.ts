/** The flags of a proxy before the pages of a run (`--view`) and its state (`--status`). */
import { type FlagValues, flagOf, type Parameter, type Parameters, proxyRows } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import { pickFlags } from './parameter-flags.js';

/** What the flags say of a proxy. Throws `Argument` for a run that serves nothing. */
export function proxyFlags(
  flags: FlagValues<typeof proxyRows> & { readonly view?: number | undefined; readonly status?: string | undefined },
): FlagValues<typeof proxyRows> {
  const given = pickFlags(proxyRows, flags);
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined && flags.view === undefined && flags.status === undefined)
    throw new EwaldError(
      'Argument',
      `${flagOf(name, (proxyRows as Parameters)[name] as Parameter)} is for what a proxy offers: give --view or --status, too`,
    );
  return given;
}
