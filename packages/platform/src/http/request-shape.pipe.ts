import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { faultWords } from '@souk/domain/kernel/fault-words';
import { schemaOf } from './contract-class.ts';
import { faultsOf, RequestInvalid } from './request-invalid.ts';

/** Checks body, query and path against their DTO, and hands on only what the contract names. */
@Injectable()
export class RequestShapePipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    const schema = type === 'custom' ? undefined : schemaOf(metatype);
    if (!schema || type === 'custom') return value;
    // A POST without a body: say which fields are missing instead of "expected object".
    const given = value === undefined && type === 'body' ? {} : value;
    const parsed = schema.safeParse(given, { error: faultWords });
    if (!parsed.success) throw new RequestInvalid(faultsOf(parsed.error, type));
    return parsed.data;
  }
}
