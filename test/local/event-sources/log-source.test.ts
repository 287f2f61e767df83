import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { startLogSource } from '../../../lib/local/event-sources/log-source.ts';
import { LogFile } from '../../../lib/local/functions/log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'rapport-log-source-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A log file that feeds a function, which fails its first calls. */
function fed(failures: number) {
  const deliveries: { logGroup: string; logEvents: { message: string }[] }[] = [];
  let calls = 0;
  const source = startLogSource(
    { name: 'Feed', logGroup: '/rapport/test/echo', account: '000000000000' },
    {
      gatherMs: 10,
      invoke: async (event) => {
        calls += 1;
        if (calls <= failures) return { ok: false, error: { errorType: 'Error', errorMessage: '' } };
        const { data } = (event as { awslogs: { data: string } }).awslogs;
        deliveries.push(JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString('utf8')) as never);
        return { ok: true, response: null };
      },
    },
  );
  const log = new LogFile(
    join(folder, `${failures}.log`),
    () => undefined,
    (lines) => source.add(lines, 1),
  );
  const drained = async () => {
    for (let look = 0; look < 500 && !source.isDrained(0); look += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return deliveries.flatMap(({ logEvents }) => logEvents.map(({ message }) => message));
  };
  return { source, log, deliveries, drained, calls: () => calls };
}

describe('lines of a log', () => {
  it('reach the function whole and once, however they were written, and are in the file too', async () => {
    const { source, log, deliveries, drained } = fed(0);
    log.write(1, Buffer.from('one\ntw'));
    log.write(2, Buffer.from('other\n'));
    log.write(1, Buffer.from('o\n'));
    expect(source.isDrained(0)).toBe(false);
    expect(await drained()).toEqual(['one', 'other', 'two']);
    log.write(1, Buffer.from(`${Array.from({ length: 2_500 }, (_, at) => `line ${at}`).join('\n')}\n`));
    expect(new Set(await drained()).size).toBe(2_503);
    expect(deliveries[0]).toMatchObject({ messageType: 'DATA_MESSAGE', logGroup: '/rapport/test/echo' });
    await source.stop();
    await log.close();
    expect(readFileSync(log.path, 'utf8')).toMatch(/^one\nother\ntwo\nline 0\n/);
  });

  it('are delivered again when the function fails, three times in all', async () => {
    const twice = fed(2);
    twice.log.write(1, Buffer.from('kept\n'));
    expect(await twice.drained()).toEqual(['kept']);
    const often = fed(9);
    often.log.write(1, Buffer.from('lost\n'));
    expect(await often.drained()).toEqual([]);
    expect(often.calls()).toBe(3);
    for (const { source, log } of [twice, often]) {
      await source.stop();
      await log.close();
    }
  });
});
