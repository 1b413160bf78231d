/** A report as a self-contained HTML page: device, verdict, histograms, table; light and dark. */

import { htmlText as harmless } from '../../util/plain-text.js';
import type { Outcome } from '../case.js';
import { formatNumber, type Report, type RowResult, roomOfRow } from '../run.js';
import { histograms } from './histogram.js';
import { style } from './style.js';

const verdicts = {
  pass: ['Every answer is right', 'All cases that ran here agree with the reference within their bounds.'],
  partial: ['All cases run so far passed', 'The cases that ran agree with the reference within their bounds.'],
  fail: ['Some answers are wrong', 'At least one case is beyond its bound. The failing rows come first below.'],
  missing: ['A required backend is not here', 'EWALD_REQUIRE names a backend that is absent. No other case failed.'],
  empty: ['Nothing was proven', 'No case ran to completion: no suitable backend was available.'],
} as const;

/** Whether this is a failure because EWALD_REQUIRE names its backend, which is absent. */
const isMissing = ({ backends }: Report, { backend, outcome }: RowResult): boolean =>
  outcome === 'fail' && backends.some((candidate) => candidate.backend === backend && !candidate.available);

/** The verdict of a report in a few words; of one that ended early, only on the cases that ran. */
export function verdictOf(report: Report): { kind: 'pass' | 'fail' | 'empty'; title: string; text: string } {
  const { verdict } = report;
  const isWrong = report.rows.some((row) => row.outcome === 'fail' && !isMissing(report, row));
  const [title, text] = verdict === 'fail' && !isWrong ? verdicts.missing : verdicts[verdict];
  return { kind: verdict === 'partial' ? 'pass' : verdict, title, text };
}

function backendCards(report: Report): string {
  return report.backends
    .map(({ backend, device, reason }) => {
      if (!device)
        return `<article class="card away"><h3>${harmless(backend)}</h3><p>not here: ${harmless(reason)}</p></article>`;
      const mine = report.rows.filter((row) => row.backend === backend);
      const count = (outcome: Outcome): number => mine.filter((row) => row.outcome === outcome).length;
      const parts = (['pass', 'fail', 'refused', 'sampled', 'todo'] as const).filter((outcome) => count(outcome) > 0);
      const total = Math.max(1, mine.length);
      const bar = parts
        .map((outcome) => `<i class="${outcome}" style="width:${(100 * count(outcome)) / total}%"></i>`)
        .join('');
      const words = parts.map((outcome) => `<b class="${outcome}">${count(outcome)}</b> ${outcome}`).join(' · ');
      const ms = mine.reduce((sum, row) => sum + (row.ms ?? 0), 0);
      return (
        `<article class="card"><h3>${harmless(backend)}</h3><p class="device">${harmless(device.name)}</p>` +
        `<p>${harmless(device.kind)}, ${harmless(device.driver)}</p><div ` +
        `class="bar">${bar}</div><p>${words}</p><p class="quiet">${formatNumber(ms / 1000)} s of runs</p></article>`
      );
    })
    .join('');
}

/** One line for each room: what was found on all backends together. */
function roomTable({ rows }: Report): string {
  const rooms = [...new Set(rows.map(roomOfRow))];
  const lines = rooms.map((room) => {
    const mine = rows.filter((row) => roomOfRow(row) === room);
    const cells = order.map((outcome) => {
      const count = mine.filter((row) => row.outcome === outcome).length;
      return `<td class="number">${count === 0 ? '' : `<b class="${outcome}">${count}</b>`}</td>`;
    });
    const ms = mine.reduce((sum, row) => sum + (row.ms ?? 0), 0);
    return `<tr><td>${harmless(room)}</td>${cells.join('')}<td class="number">${formatNumber(ms / 1000)}</td></tr>`;
  });
  const heads = order.map((outcome) => `<th class="number">${outcome}</th>`);
  return (
    `<h2>Rooms</h2><table id="rooms"><thead><tr><th>room</th>${heads.join('')}<th class="number">s of ` +
    `runs</th></tr></thead><tbody>${lines.join('')}</tbody></table>`
  );
}

const order: readonly Outcome[] = ['fail', 'pass', 'refused', 'todo', 'sampled', 'absent'];

function tableRow(row: RowResult): string {
  const used =
    row.error === null || row.bound === null
      ? 0
      : row.error <= row.bound
        ? row.bound === 0
          ? 0
          : row.error / row.bound
        : 1;
  const error = row.error === null ? '' : formatNumber(row.error);
  const bound = row.bound === null ? '' : `${formatNumber(row.bound)} ${harmless(row.unit)}`;
  const why = row.why === null ? '' : `<div class="why">${harmless(row.why)}</div>`;
  return (
    `<tr class="${row.outcome}" ` +
    `data-text="${harmless(`${row.id} ${row.backend} ${row.outcome}`.toLowerCase())}"><td ` +
    `class="id">${harmless(row.id)}${why}</td><td>${harmless(row.backend)}</td>` +
    `<td><span class="chip ${row.outcome}">${row.outcome}</span></td><td class="number">${error}</td><td ` +
    `class="number">${bound}</td>` +
    `<td class="meter"><i style="width:${(100 * used).toFixed(1)}%"></i></td><td ` +
    `class="number">${row.ms === null ? '' : formatNumber(row.ms)}</td></tr>`
  );
}

/** The report as the contents of a page's body. */
export function reportBody(report: Report): string {
  const { kind, title, text } = verdictOf(report);
  const shownRows = [...report.rows.filter(({ outcome }) => outcome !== 'absent')].sort(
    (a, b) => Number(b.outcome === 'fail') - Number(a.outcome === 'fail'),
  );
  const counts = order
    .filter((outcome) => report.counts[outcome] > 0)
    .map((outcome) => `<li><b class="${outcome}">${report.counts[outcome]}</b> ${outcome}</li>`);
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const early = report.interrupted
    ? ' The run was interrupted; these results had finished.'
    : report.left > 0
      ? ` Time was up after ${report.rows.length} of ${report.rows.length + report.left} results.`
      : '';
  return (
    `<header class="${kind}"><p class="quiet">ewald validate</p><h1>${title}</h1><p>${text}${early}</p><ul ` +
    `class="counts">${counts.join('')}</ul>` +
    `<p class="quiet">${harmless(versions.join(', '))} · ${harmless(report.place)} · ` +
    `${harmless(report.date.replace('T', ' ').replace(/\..*/, ' UTC'))}</p></header>` +
    `<section class="cards">${backendCards(report)}</section>${roomTable(report)}` +
    `<h2>Errors</h2><section class="plots">${histograms(report)}</section>` +
    '<h2>Cases</h2><p><input id="filter" type="search" placeholder="filter by address, backend or outcome" ' +
    'aria-label="filter"></p>' +
    '<div class="scroll"><table><thead><tr><th>case</th><th>backend</th><th>outcome</th><th ' +
    'class="number">error</th><th class="number">bound</th><th>of bound</th><th ' +
    'class="number">ms</th></tr></thead>' +
    `<tbody>${shownRows.map(tableRow).join('')}</tbody></table></div>`
  );
}

/** The script for the filter of a displayed report. */
const filterScript =
  `const box=document.getElementById('filter');box?.addEventListener('input',()=>{const ` +
  `words=box.value.toLowerCase().split(/\\s+/);for(const row of document.querySelectorAll('tr[` +
  `data-text]'))row.hidden=!words.every((word)=>row.dataset.text.includes(word))});`;

/** The report as a separate page. */
export function htmlPage(report: Report): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" ' +
    `content="width=device-width,initial-scale=1"><title>ewald validate: ${verdictOf(report).title}</title>` +
    `<style>${style}</style></head><body>${reportBody(report)}<script>${filterScript}</script></body></html>\n`
  );
}
