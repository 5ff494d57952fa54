import type { Type } from '@nestjs/common';
import { StoreController } from './company/store.controller.ts';
import { KeyController } from './identity/key.controller.ts';

/** Every controller of the storefront API. A new one gets its line here. */
export const controllers: Type[] = [KeyController, StoreController];
