/** Checks the options of `Context.load`. Loaded with the first scan: the names of `open` are those of its room. */

import { openNames } from '../../frames/parameters.js';
import { checkedOptions, type Rule, refuseBy, row } from '../../options/call-options.js';
import { setting } from '../../options/parameters.js';
import { otherNames } from '../../util/options.js';
import type { FollowOptions, LoadOptions } from './scan.js';

const followNames = ['timeoutS', 'stallS', 'ringBytes'] as const;
const rows = {
  ...row.others(...openNames, 'syncOffset'),
  fileMask: row.flag,
  fileDark: row.flag,
  keepNoCount: row.flag,
  follow: row.flag,
  ...row.others(...followNames),
} as const;

/** How the options belong together. */
const rules: readonly Rule<LoadOptions & FollowOptions>[] = [
  ({ follow, ...given }) => {
    const alone = follow ? undefined : followNames.find((name) => given[name] !== undefined);
    return (
      alone &&
      ((said) => `${said(alone)} belongs to files that are still being written; set ${setting(said, 'follow', true)}`)
    );
  },
];

/** The options of `Context.load`; those that `open` knows are checked there. Throws `Argument`. */
export function checkLoad(options: LoadOptions & FollowOptions) {
  const checked = checkedOptions('load', options, rows, otherNames({ noDataTimeout: 'stallS' }));
  refuseBy('load', options, rules);
  return checked;
}
