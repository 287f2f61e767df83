import { describe, expect, it } from 'vitest';
import { actionsInBody, s3Operation } from '../../../lib/local/functions/aws-calls.ts';
import { Grants } from '../../../lib/local/functions/grants.ts';

describe('s3Operation', () => {
  it.each([
    ['PUT', '/b/v1/x.parquet?x-id=PutObject', 'PutObject', 's3:PutObject'],
    ['GET', '/b/v1/x.parquet', 'GetObject', 's3:GetObject'],
    ['GET', '/b/x?versionId=1', 'GetObject', 's3:GetObjectVersion'],
    ['HEAD', '/b/x', 'HeadObject', 's3:GetObject'],
    ['GET', '/b?list-type=2&prefix=v1%2F', 'ListObjectsV2', 's3:ListBucket'],
    ['GET', '/b/?versions', 'ListObjectVersions', 's3:ListBucketVersions'],
    ['PUT', '/b/x?retention', 'PutObjectRetention', 's3:PutObjectRetention'],
    ['PUT', '/b/x?partNumber=1&uploadId=u', 'UploadPart', 's3:PutObject'],
    ['DELETE', '/b/x', 'DeleteObject', 's3:DeleteObject'],
    ['POST', '/b?delete', 'DeleteObjects', 's3:DeleteObject'],
  ])('names %s %s', (method, path, operation, action) => {
    expect(s3Operation(method, path, false)).toEqual({ operation, action });
  });
});

describe('actionsInBody', () => {
  it('finds what PartiQL statements do', () => {
    const body = JSON.stringify({
      Statements: [{ Statement: `INSERT INTO "t" VALUE {'id': ?}` }, { Statement: 'update "t" SET a = ?' }],
    });
    expect(actionsInBody('BatchExecuteStatement', body)).toEqual([
      'dynamodb:PartiQLInsert',
      'dynamodb:PartiQLUpdate',
    ]);
  });

  it('finds what a transaction does, and is not misled by values', () => {
    const body = JSON.stringify({
      TransactItems: [{ Put: { Item: { a: { S: '{"Delete":{' } } } }, { ConditionCheck: { TableName: 't' } }],
    });
    expect(actionsInBody('TransactWriteItems', body)).toEqual([
      'dynamodb:PutItem',
      'dynamodb:ConditionCheckItem',
    ]);
  });
});

describe('Grants', () => {
  it('allows what a role was granted, by name or pattern, and nothing else', () => {
    const grants = new Grants();
    grants.add('reader', {
      Statement: [
        { Effect: 'Allow', Action: ['s3:Get*', 'kms:GenerateMac'] },
        { Effect: 'Deny', Action: 's3:Put*' },
      ],
    });
    expect(grants.allows('reader', 's3:GetObject')).toBe(true);
    expect(grants.allows('reader', 'kms:GenerateMac')).toBe(true);
    expect(grants.allows('reader', 's3:PutObject')).toBe(false);
    expect(grants.allows('reader', 'xs3:GetObject')).toBe(false);
    expect(grants.allows('another', 's3:GetObject')).toBe(false);
  });
});
