// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import { describe, expect, it } from 'vitest';
import { TemplateError } from '../../../lib/local/errors.ts';
import { requireKnownTypes } from '../../../lib/local/resources/index.ts';
import {
  creationOrder,
  parameterValues,
  resolve,
  type Scope,
} from '../../../lib/local/template/intrinsics.ts';
import type { Json, Template } from '../../../lib/local/template/template.ts';

const template: Template = {
  Parameters: { Window: { Type: 'Number', Default: 300 }, Issuer: { Type: 'String' } },
  Mappings: { Sizes: { eu: { small: '1' } } },
  Conditions: {
    Long: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Window' }, '0'] }] },
    Never: { 'Fn::Equals': ['a', 'b'] },
  },
  Resources: {
    Reader: {
      Type: 'T',
      Properties: { from: { 'Fn::GetAtt': ['Stream', 'Arn'] }, text: { 'Fn::Sub': '${Table}/x' } },
    },
    Table: { Type: 'T', DependsOn: 'Stream' },
    Stream: { Type: 'T' },
    Absent: { Type: 'T', Condition: 'Never' },
  },
};

const scope: Scope = {
  template,
  parameters: parameterValues(template, { Issuer: 'http://issuer', NotDeclared: 'x' }),
  pseudo: { 'AWS::Region': 'eu-central-1' },
  created: new Map([['Stream', { ref: 'signals', attributes: { Arn: 'arn:signals' } }]]),
};
const resolved = (value: Json): Json => resolve(value, scope, 'Reader');

describe('intrinsic functions', () => {
  it.each<[string, Json, Json]>([
    ['Ref to a resource', { Ref: 'Stream' }, 'signals'],
    ['Ref to a parameter with a default', { Ref: 'Window' }, '300'],
    ['Ref to a supplied parameter', { Ref: 'Issuer' }, 'http://issuer'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-central-1'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Stream', 'Arn'] }, 'arn:signals'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Stream.Arn' }, 'arn:signals'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Stream' }]] }, 'a-signals'],
    ['Sub', { 'Fn::Sub': '${AWS::Region}:${Stream.Arn}:${!Kept}' }, 'eu-central-1:arn:signals:${Kept}'],
    [
      'Sub with values of its own',
      { 'Fn::Sub': ['${Own}/${Stream}', { Own: { Ref: 'Window' } }] },
      '300/signals',
    ],
    ['Select of Split', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'eu', 'small'] }, '1'],
    ['If', { 'Fn::If': ['Long', 'yes', 'no'] }, 'yes'],
    ['If of a condition that does not hold', { 'Fn::If': ['Never', 'yes', 'no'] }, 'no'],
    ['a property set to AWS::NoValue', { kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
    ['a list with AWS::NoValue', ['a', { 'Fn::If': ['Never', 'b', { Ref: 'AWS::NoValue' }] }], ['a']],
    [
      'a policy condition, which is no intrinsic',
      { Condition: { StringEquals: { a: 'b' } } },
      { Condition: { StringEquals: { a: 'b' } } },
    ],
  ])('resolves %s', (_name, value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  it.each<[string, Json]>([
    ['a Ref to nothing', { Ref: 'Nowhere' }],
    ['an attribute the resource does not have', { 'Fn::GetAtt': ['Stream', 'Colour'] }],
    ['a function that is not known', { 'Fn::Transform': {} }],
    ['a Sub of nothing', { 'Fn::Sub': '${Nowhere}' }],
  ])('refuses %s, naming the resource it stands in', (_name, value) => {
    expect(() => resolved(value)).toThrow(TemplateError);
    expect(() => resolved(value)).toThrow(/^Reader: /);
  });

  it('asks for a parameter that has no default', () => {
    expect(() => parameterValues(template, {})).toThrow(/Issuer has no default/);
  });

  it('refuses a parameter of another form than the template asks for, as CloudFormation does', () => {
    const asks: Template = {
      Parameters: {
        Day: { Type: 'String', AllowedPattern: '\\d{2}', ConstraintDescription: 'must be two digits' },
      },
      Resources: {},
    };
    expect(parameterValues(asks, { Day: '07' })).toEqual({ Day: '07' });
    expect(() => parameterValues(asks, { Day: '007' })).toThrow(/parameter Day must be two digits/);
  });

  it('makes each resource after all it refers to, and none whose condition does not hold', () => {
    expect(creationOrder(scope)).toEqual(['Stream', 'Table', 'Reader']);
  });

  it('refuses resources that depend on each other', () => {
    const circle: Template = {
      Resources: { A: { Type: 'T', DependsOn: 'B' }, B: { Type: 'T', Properties: { a: { Ref: 'A' } } } },
    };
    expect(() => creationOrder({ ...scope, template: circle })).toThrow(/depends on itself/);
  });
});

describe('requireKnownTypes', () => {
  it('names the type and the resource that it does not know', () => {
    const resources = { Jobs: { Type: 'AWS::Kinesis::Stream' }, Cluster: { Type: 'AWS::ECS::Cluster' } };
    expect(() => requireKnownTypes(resources)).toThrow(
      /AWS::ECS::Cluster \(Cluster\), which the local region does not know/,
    );
  });

  it('is not fooled by a type that every object has', () => {
    expect(() => requireKnownTypes({ Odd: { Type: 'constructor' } })).toThrow(TemplateError);
  });
});
