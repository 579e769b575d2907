/**
 * OpenAPI v2 as the protocol buffer that kubectl before 1.27 asks for. Field numbers are those of `OpenAPIv2.proto` of
 * github.com/google/gnostic-models.
 */
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { MessageWriter } from './protobuf.ts';

/**
 * The media type of what {@link openApiV2Protobuf} makes. Clients ask for it with `v2@v1.0`, which is no media type: Go
 * refuses an answer spelt so.
 */
export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** A document of `openApiV2Document` in protocol buffers. */
export function openApiV2Protobuf(document: JsonObject): Uint8Array {
  const info = membersOf(document['info']);
  const writer = new MessageWriter()
    .text(1, textOf(document['swagger']))
    .message(2, new MessageWriter().text(1, textOf(info['title'])).text(2, textOf(info['version'])));
  const paths = new MessageWriter();
  for (const [path, item] of entriesOf(document['paths'])) {
    paths.message(2, new MessageWriter().text(1, path).message(2, pathItem(membersOf(item))));
  }
  return writer.message(8, paths).message(9, namedSchemas(document['definitions'])).bytes();
}

function namedSchemas(schemas: Json | undefined): MessageWriter {
  const writer = new MessageWriter();
  for (const [name, value] of entriesOf(schemas)) {
    writer.message(1, new MessageWriter().text(1, name).message(2, schema(membersOf(value))));
  }
  return writer;
}

function schema(value: JsonObject): MessageWriter {
  const writer = new MessageWriter()
    .text(1, textOf(value['$ref']))
    .text(2, textOf(value['format']))
    .text(3, textOf(value['title']))
    .text(4, textOf(value['description']))
    .message(5, any(value['default']))
    .double(6, numberOf(value['multipleOf']))
    .double(7, numberOf(value['maximum']))
    .flag(8, value['exclusiveMaximum'] === true)
    .double(9, numberOf(value['minimum']))
    .flag(10, value['exclusiveMinimum'] === true)
    .integer(11, numberOf(value['maxLength']))
    .integer(12, numberOf(value['minLength']))
    .text(13, textOf(value['pattern']))
    .integer(14, numberOf(value['maxItems']))
    .integer(15, numberOf(value['minItems']))
    .flag(16, value['uniqueItems'] === true)
    .integer(17, numberOf(value['maxProperties']))
    .integer(18, numberOf(value['minProperties']));
  for (const name of listOf(value['required'])) writer.text(19, textOf(name));
  for (const item of listOf(value['enum'])) writer.message(20, any(item));
  return shape(value, writer);
}

function shape(value: JsonObject, writer: MessageWriter): MessageWriter {
  const { additionalProperties, type, items, properties } = value;
  if (isJsonObject(additionalProperties))
    writer.message(21, new MessageWriter().message(1, schema(additionalProperties)));
  if (typeof type === 'string') writer.message(22, new MessageWriter().text(1, type));
  if (isJsonObject(items)) writer.message(23, new MessageWriter().message(1, schema(items)));
  if (properties !== undefined) writer.message(25, namedSchemas(properties));
  return extensions(value, 31, writer);
}

function extensions(value: JsonObject, field: number, writer: MessageWriter): MessageWriter {
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('x-')) writer.message(field, new MessageWriter().text(1, name).message(2, any(member)));
  }
  return writer;
}

/** Any value travels as YAML, which JSON is. */
function any(value: Json | undefined): MessageWriter | undefined {
  return value === undefined ? undefined : new MessageWriter().text(2, `${JSON.stringify(value)}\n`);
}

const methodFields: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function pathItem(value: JsonObject): MessageWriter {
  const writer = new MessageWriter();
  for (const [method, field] of Object.entries(methodFields)) {
    const item = value[method];
    if (isJsonObject(item)) writer.message(field, operation(item));
  }
  for (const item of listOf(value['parameters'])) writer.message(9, parameter(membersOf(item)));
  return writer;
}

function operation(value: JsonObject): MessageWriter {
  const writer = new MessageWriter().text(3, textOf(value['description'])).text(5, textOf(value['operationId']));
  for (const type of listOf(value['produces'])) writer.text(6, textOf(type));
  for (const type of listOf(value['consumes'])) writer.text(7, textOf(type));
  for (const item of listOf(value['parameters'])) writer.message(8, parameter(membersOf(item)));
  return extensions(value, 13, writer.message(9, responses(value['responses'])));
}

function responses(value: Json | undefined): MessageWriter {
  const writer = new MessageWriter();
  for (const [code, item] of entriesOf(value)) {
    const response = membersOf(item);
    const answer = new MessageWriter()
      .text(1, textOf(response['description']))
      .message(2, new MessageWriter().message(1, schema(membersOf(response['schema']))));
    writer.message(1, new MessageWriter().text(1, code).message(2, new MessageWriter().message(1, answer)));
  }
  return writer;
}

function parameter(value: JsonObject): MessageWriter {
  const inBody = value['in'] === 'body';
  const field = inBody ? 1 : 2;
  return new MessageWriter().message(
    1,
    new MessageWriter().message(field, inBody ? bodyParameter(value) : otherParameter(value)),
  );
}

function bodyParameter(value: JsonObject): MessageWriter {
  return new MessageWriter()
    .text(1, textOf(value['description']))
    .text(2, textOf(value['name']))
    .text(3, 'body')
    .flag(4, value['required'] === true)
    .message(5, schema(membersOf(value['schema'])));
}

function otherParameter(value: JsonObject): MessageWriter {
  const inQuery = value['in'] === 'query';
  const fields = new MessageWriter()
    .flag(1, value['required'] === true)
    .text(2, textOf(value['in']))
    .text(3, textOf(value['description']))
    .text(4, textOf(value['name']))
    .text(inQuery ? 6 : 5, textOf(value['type']))
    .flag(inQuery ? 20 : 19, value['uniqueItems'] === true);
  return new MessageWriter().message(inQuery ? 3 : 4, fields);
}

function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function entriesOf(value: Json | undefined): readonly (readonly [string, Json | undefined])[] {
  return Object.entries(membersOf(value));
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonList(value) ? value : [];
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
