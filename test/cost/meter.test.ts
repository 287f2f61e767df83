import { describe, expect, it } from 'vitest';
import {
  billedStreamBytes,
  costUsd,
  costUsdPerMillion,
  fixedUsdPerMonth,
  httpRequestUnits,
} from '../../lib/cost/meter.ts';
import { prices } from '../../lib/cost/prices.ts';

const GB = 1024 ** 3;

describe('billing units', () => {
  it('bills a stream record of 1,031 bytes as 2 KB and one of 1,024 as 1 KB', () => {
    expect(billedStreamBytes(1_031)).toBe(2_048);
    expect(billedStreamBytes(1_024)).toBe(1_024);
  });

  it('meters an HTTP request per 512 KB, and an empty one as one', () => {
    expect([0, 1, 512 * 1_024, 512 * 1_024 + 1].map(httpRequestUnits)).toEqual([1, 1, 1, 2]);
  });
});

describe('cost', () => {
  it('is what the naive design costs in the price list: a request, a record and twelve write units an event', () => {
    // By hand, a million events: HTTP 1.00; 2 KB records 1.907 GB at 0.08 in and 0.04 out; 12 M write units at 0.625.
    const events = 1_000;
    const cost = costUsdPerMillion(
      {
        calls: {},
        httpRequestUnits: events,
        kinesisBytesIn: billedStreamBytes(1_031) * events,
        kinesisBytesOut: 2_048 * events,
        dynamodbWriteUnits: 12 * events,
        lambdaInvocations: 2 * events,
      },
      events,
    );
    expect(cost.byService.httpApi).toBeCloseTo(1.0, 9);
    expect(cost.byService.kinesis).toBeCloseTo((2_048e6 / GB) * 0.12, 9);
    expect(cost.byService.dynamodb).toBeCloseTo(7.5, 9);
    expect(cost.byService.lambda).toBeCloseTo(0.4, 9);
    expect(cost.total).toBeCloseTo(1.0 + (2_048e6 / GB) * 0.12 + 7.5 + 0.4, 9);
  });

  it('prices S3 writes and reads apart, and deletes at nothing', () => {
    const cost = costUsd({
      calls: { s3: { PutObject: 1_000, ListObjectsV2: 1_000, GetObject: 1_000, DeleteObject: 9_999 } },
    });
    expect(cost.byService.s3).toBeCloseTo(0.005 + 0.005 + 0.0004, 12);
    expect(cost.total).toBeCloseTo(0.0104, 12);
  });

  it('prices keys, events, queue requests, memory time and logs', () => {
    const cost = costUsd({
      calls: { kms: { GenerateMac: 500_000 }, sqs: { ReceiveMessage: 1_000_000 } },
      eventBridgeEvents: 250_000,
      lambdaGbSeconds: 1_000_000,
      logBytes: 2 * GB,
      dynamodbReadUnits: 8_000_000,
    });
    expect(cost.byService).toMatchObject({ kms: 1.5, sqs: 0.4, eventBridge: 0.25, logs: 1, dynamodb: 1 });
    expect(cost.byService.lambda).toBeCloseTo(13.3334, 9);
    expect(cost.total).toBeCloseTo(1.5 + 0.4 + 0.25 + 1 + 1 + 13.3334, 9);
  });

  it('is nothing for nothing, and undefined per event without events', () => {
    expect(costUsd({ calls: {} }).total).toBe(0);
    expect(() => costUsdPerMillion({ calls: {} }, 0)).toThrow(RangeError);
  });
});

describe('fixed cost', () => {
  it('is 29.20 a month for an on-demand stream, and 10.95 for a shard', () => {
    expect(fixedUsdPerMonth({ streams: 1, kmsKeys: 0, alarmMetrics: 0 }).total).toBeCloseTo(29.2, 9);
    expect(
      fixedUsdPerMonth({ streams: 1, provisionedShards: 1, kmsKeys: 0, alarmMetrics: 0 }).total,
    ).toBeCloseTo(10.95, 9);
  });

  it('adds keys and alarms', () => {
    const cost = fixedUsdPerMonth({ streams: 2, kmsKeys: 2, alarmMetrics: 12 });
    expect(cost.byService).toEqual({
      kinesis: expect.closeTo(58.4, 9),
      kms: 2,
      alarms: expect.closeTo(1.2, 9),
    });
    expect(cost.total).toBeCloseTo(61.6, 9);
  });
});

describe('the price list', () => {
  it('gives a positive price, a unit, a date and a source for each', () => {
    for (const [name, price] of Object.entries(prices)) {
      expect(price.usd, name).toBeGreaterThan(0);
      expect(price.per, name).toBeGreaterThan(0);
      expect(price.unit, name).not.toBe('');
      expect(price.asOf, name).toMatch(/^\d{4}-\d{2}$/);
      expect(new URL(price.source).hostname, name).toBe('aws.amazon.com');
    }
  });
});
