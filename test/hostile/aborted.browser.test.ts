// @module-tag nightly: Chromium.
// The tests of aborted.test.ts that need no files, in Chromium, which does not tell the processor time of a page.
import * as data from '../../dist/data.browser.js';
import * as executors from '../../dist/executors.browser.js';
import * as ewald from '../../dist/index.browser.js';
import * as udf from '../../dist/udf.browser.js';
import * as validate from '../../dist/validate.js';
import { type Entries, table, testAborting } from './abortable.js';

testAborting(table, { ewald, data, executors, udf, validate } as Entries, () => 0);
