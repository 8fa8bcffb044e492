import { applyDecorators, Catch, UseFilters } from '@nestjs/common';
import type { ExceptionFilter } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { Contract } from '@runnel/contracts';
import { typeOf } from '@runnel/contracts';
import type { Message } from './message.ts';

/** Nest's own filter replaces an error it does not know by "Internal server error"; the consumer has to see the error itself. */
@Catch()
class PassThroughFilter implements ExceptionFilter {
  catch(error: unknown): never {
    throw error;
  }
}

/**
 * Marks the handler of a contract's messages; a method that takes another message does not compile. In a single consumer it is awaited and
 * then acknowledged; in a batch consumer it only maps the message to a command, which goes to the batch's sink.
 */
export function On<C extends Contract>(
  contract: C,
): <Handler extends (message: Message<C>, ...rest: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void {
  return (target, key, descriptor) => {
    applyDecorators(EventPattern<string>(typeOf(contract)), UseFilters(new PassThroughFilter()))(target, key, descriptor);
  };
}
