import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { postalAddress } from '@souk/domain/company/companies/postal-address.contract';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Ctx, Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { reckon } from '@souk/domain/pricing/totals/reckon';
import { parcelsView } from '@souk/domain/pricing/totals/totals-view.contract';
import { accessOf } from '@souk/domain/sales/carts/cart-access';
import { removeCode } from '@souk/domain/sales/carts/cart-codes.service';
import { addLine, changeLine, removeLine } from '@souk/domain/sales/carts/cart-lines.service';
import { claimCart } from '@souk/domain/sales/carts/cart-owner.service';
import { type CartScene, readCartScene } from '@souk/domain/sales/carts/cart-scene.service';
import { chooseShipping } from '@souk/domain/sales/carts/cart-shipping.service';
import { cartViewOf } from '@souk/domain/sales/carts/cart-view';
import type { CartAt } from '@souk/domain/sales/carts/cart-writes.service';
import { cartScope } from '@souk/domain/sales/carts/carts.access';
import {
  billingAddress,
  billingAddressOf,
  cartEmail,
  cartLineChange,
  cartPatch,
  cartQuery,
  cartView,
  claimedCartView,
  discountCode,
  madeCartView,
  newCart,
  newCartLine,
  newDiscountCode,
  shippingChoice,
  shippingOptionsView,
} from '@souk/domain/sales/carts/carts.contract';
import { cartRun, tryCode } from '@souk/domain/sales/carts/carts.flow';
import { changeCart, createCart, setAddress, setEmail } from '@souk/domain/sales/carts/carts.service';
import { Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class CartDto extends dtoOf(cartView) {}
class MadeCartDto extends dtoOf(madeCartView) {}
class ClaimedCartDto extends dtoOf(claimedCartView) {}
class NewCartDto extends dtoOf(newCart) {}
class NewCartLineDto extends dtoOf(newCartLine) {}
class CartLineChangeDto extends dtoOf(cartLineChange) {}
class CartPatchDto extends dtoOf(cartPatch) {}
class CartEmailDto extends dtoOf(cartEmail) {}
class CartQueryDto extends dtoOf(cartQuery) {}
class ShippingAddressDto extends dtoOf(postalAddress) {}
class BillingAddressDto extends dtoOf(billingAddress) {}
class ShippingChoiceDto extends dtoOf(shippingChoice) {}
class ShippingOptionsDto extends dtoOf(shippingOptionsView) {}
class NewDiscountCodeDto extends dtoOf(newDiscountCode) {}

type CartId = Id<'cart'>;

const at = (session: Session, id: CartId, token: string | undefined, ifMatch: string | undefined): CartAt => ({
  id,
  access: accessOf(session, token),
  version: expectedVersion(ifMatch),
});

/**
 * What a shopper means to buy. Every write answers with the whole cart and its true totals. A guest's cart is opened by
 * `X-Cart-Token`, a customer's by the customer's access token.
 */
@Controller('v1/carts')
export class CartsController {
  private readonly run: Run;

  constructor(
    @Inject(RUN) private readonly durableRun: Run,
    @Inject(ATTEMPTS) private readonly attempts: Attempts,
  ) {
    this.run = cartRun(durableRun);
  }

  @Post()
  @Says('Begin a cart')
  @Scope(cartScope.write)
  @ZodResponse({ status: 201, type: MadeCartDto })
  create(@CurrentSession() session: Session, @Body() body: NewCartDto) {
    return this.run(session, async (ctx) => {
      const { scene, token } = await createCart(ctx, body);
      return { cart: cartViewOf(scene), token };
    });
  }

  @Get(':id')
  @Says('Show a cart with its totals')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  show(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Query() { explain }: CartQueryDto,
  ) {
    const withExplanation = explain === 'true';
    return this.run(session, async (ctx) =>
      cartViewOf(await readCartScene(ctx, id, accessOf(session, token)), { withExplanation }),
    );
  }

  @Patch(':id')
  @Says('Change the note, phone or language of a cart')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: CartPatchDto,
  ) {
    return this.write(session, (ctx) => changeCart(ctx, at(session, id, token, ifMatch), body));
  }

  @Post(':id/lines')
  @Says('Put something into a cart')
  @Scope(cartScope.write)
  @ZodResponse({ status: 201, type: CartDto })
  addLine(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: NewCartLineDto,
  ) {
    return this.write(session, (ctx) => addLine(ctx, at(session, id, token, ifMatch), body));
  }

  @Patch(':id/lines/:lineId')
  @Says('Change how many of a line, or what is said about it')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  changeLine(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Param('lineId', idParam('cli')) lineId: Id<'cli'>,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: CartLineChangeDto,
  ) {
    return this.write(session, (ctx) => changeLine(ctx, at(session, id, token, ifMatch), lineId, body));
  }

  @Delete(':id/lines/:lineId')
  @Says('Take a line out of a cart')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  removeLine(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Param('lineId', idParam('cli')) lineId: Id<'cli'>,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.write(session, (ctx) => removeLine(ctx, at(session, id, token, ifMatch), lineId));
  }

  @Put(':id/email')
  @Says('Say where to write to about the order')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  setEmail(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() { email }: CartEmailDto,
  ) {
    return this.write(session, (ctx) => setEmail(ctx, at(session, id, token, ifMatch), email));
  }

  @Put(':id/shipping-address')
  @Says('Say where the goods go')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  setShippingAddress(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: ShippingAddressDto,
  ) {
    return this.write(session, (ctx) => setAddress(ctx, at(session, id, token, ifMatch), 'shipping', body));
  }

  @Put(':id/billing-address')
  @Says('Say where the bill goes')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  setBillingAddress(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: BillingAddressDto,
  ) {
    const address = billingAddressOf(body);
    return this.write(session, (ctx) => setAddress(ctx, at(session, id, token, ifMatch), 'billing', address));
  }

  @Get(':id/shipping-options')
  @Says('List the ways each parcel of a cart can be sent')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: ShippingOptionsDto })
  shippingOptions(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
  ) {
    return this.run(session, async (ctx) => {
      const { basket } = await readCartScene(ctx, id, accessOf(session, token));
      return { data: parcelsView(reckon(basket)) };
    });
  }

  @Put(':id/shipping-option')
  @Says('Choose how a parcel is sent')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  chooseShipping(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() { shippingOptionId }: ShippingChoiceDto,
  ) {
    return this.run(session, async (ctx) => {
      const { scene, totals } = await chooseShipping(ctx, at(session, id, token, ifMatch), shippingOptionId);
      return cartViewOf(scene, { totals });
    });
  }

  @Post(':id/discount-codes')
  @Says('Add a discount code to a cart')
  @Scope(cartScope.write)
  @ZodResponse({ status: 201, type: CartDto })
  addCode(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() { code }: NewDiscountCodeDto,
  ) {
    return tryCode(this.run, this.attempts, session, at(session, id, token, ifMatch), code);
  }

  @Delete(':id/discount-codes/:code')
  @Says('Take a discount code away')
  @Scope(cartScope.write)
  @ZodResponse({ status: 200, type: CartDto })
  removeCode(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Param('code', pathParam(discountCode)) code: string,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.write(session, (ctx) => removeCode(ctx, at(session, id, token, ifMatch), code));
  }

  @Put(':id/customer')
  @Says('Make a cart that of the customer who is logged in')
  @Scope(cartScope.write, { customer: true })
  @ZodResponse({ status: 200, type: ClaimedCartDto })
  claim(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: CartId,
    @Headers('x-cart-token') token: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.durableRun(session, async (ctx) => {
      const claimed = await claimCart(ctx, at(session, id, token, ifMatch), customerIdOf(session));
      const { scene, merged } = claimed;
      return { ...cartViewOf(scene), merged: merged && { ...merged, dropped: [...merged.dropped] } };
    });
  }

  private write(session: Session, work: (ctx: Ctx) => Promise<CartScene>) {
    return this.run(session, async (ctx) => cartViewOf(await work(ctx)));
  }
}
