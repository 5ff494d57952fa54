CREATE TABLE "customer_tokens" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"purpose" text NOT NULL,
	"token_hash" text NOT NULL,
	"email" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customer_tokens_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "customer_tokens_hash" UNIQUE("company_id","token_hash"),
	CONSTRAINT "customer_tokens_purpose" CHECK (purpose in ('verification', 'invitation', 'password_reset', 'email_change'))
);
--> statement-breakpoint
ALTER TABLE "customer_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_refresh_tokens" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"session_id" text collate "C" NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp with time zone,
	"successor" text,
	CONSTRAINT "customer_refresh_tokens_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "customer_refresh_tokens_hash" UNIQUE("company_id","token_hash")
);
--> statement-breakpoint
ALTER TABLE "customer_refresh_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_sessions" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"ip" text,
	"user_agent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_reason" text,
	CONSTRAINT "customer_sessions_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "customer_sessions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_addresses" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"address" jsonb NOT NULL,
	"is_default_shipping" boolean DEFAULT false NOT NULL,
	"is_default_billing" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customer_addresses_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "customer_addresses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_group_members" (
	"company_id" text collate "C" NOT NULL,
	"group_id" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customer_group_members_company_id_group_id_customer_id_pk" PRIMARY KEY("company_id","group_id","customer_id")
);
--> statement-breakpoint
ALTER TABLE "customer_group_members" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_groups" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"name_key" text collate "C" NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customer_groups_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "customer_groups_name" UNIQUE("company_id","name_key")
);
--> statement-breakpoint
ALTER TABLE "customer_groups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customer_tags" (
	"company_id" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"tag" text NOT NULL,
	"tag_key" text collate "C" NOT NULL,
	CONSTRAINT "customer_tags_company_id_customer_id_tag_key_pk" PRIMARY KEY("company_id","customer_id","tag_key")
);
--> statement-breakpoint
ALTER TABLE "customer_tags" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "customers" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"email" text NOT NULL,
	"email_key" text collate "C" NOT NULL,
	"password_hash" text NOT NULL,
	"password_changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"email_verified_at" timestamp with time zone,
	"first_name" text,
	"last_name" text,
	"name_key" text collate "C" DEFAULT '' NOT NULL,
	"last_name_key" text collate "C" DEFAULT '' NOT NULL,
	"phone" text,
	"locale" text,
	"accepts_marketing" boolean DEFAULT false NOT NULL,
	"marketing_changed_at" timestamp with time zone,
	"marketing_source" text,
	"note" text DEFAULT '' NOT NULL,
	"is_tax_exempt" boolean DEFAULT false NOT NULL,
	"last_login_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customers_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "customers_email" UNIQUE("company_id","email_key"),
	CONSTRAINT "customers_status" CHECK (status in ('active', 'disabled', 'erased')),
	CONSTRAINT "customers_marketing_source" CHECK (marketing_source in ('registration', 'account', 'staff', 'erasure'))
);
--> statement-breakpoint
ALTER TABLE "customers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discount_amounts" (
	"company_id" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"currency" text collate "C" NOT NULL,
	"amount" bigint,
	"subtotal_min" bigint,
	"amount_max" bigint,
	CONSTRAINT "discount_amounts_company_id_discount_id_currency_pk" PRIMARY KEY("company_id","discount_id","currency"),
	CONSTRAINT "discount_amounts_positive" CHECK (amount >= 0 and subtotal_min > 0 and amount_max > 0)
);
--> statement-breakpoint
ALTER TABLE "discount_amounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discount_codes" (
	"company_id" text collate "C" NOT NULL,
	"code_key" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"code" text collate "C" NOT NULL,
	"usage_limit" integer,
	"used" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "discount_codes_company_id_code_key_pk" PRIMARY KEY("company_id","code_key"),
	CONSTRAINT "discount_codes_limit" CHECK (usage_limit > 0),
	CONSTRAINT "discount_codes_used" CHECK (used >= 0 and used <= usage_limit)
);
--> statement-breakpoint
ALTER TABLE "discount_codes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discount_groups" (
	"company_id" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"group_id" text collate "C" NOT NULL,
	CONSTRAINT "discount_groups_company_id_discount_id_group_id_pk" PRIMARY KEY("company_id","discount_id","group_id")
);
--> statement-breakpoint
ALTER TABLE "discount_groups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discount_redemptions" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"cart_id" text collate "C",
	"code_key" text collate "C",
	"code" text,
	"customer_id" text collate "C",
	"email_key" text collate "C",
	"amount" bigint NOT NULL,
	"currency" text collate "C" NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"released_at" timestamp with time zone,
	CONSTRAINT "discount_redemptions_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "discount_redemptions_once" UNIQUE("company_id","order_id","discount_id"),
	CONSTRAINT "discount_redemptions_amount" CHECK (amount >= 0),
	CONSTRAINT "discount_redemptions_status" CHECK (status in ('active', 'released')),
	CONSTRAINT "discount_redemptions_released" CHECK ((status = 'released') = (released_at is not null))
);
--> statement-breakpoint
ALTER TABLE "discount_redemptions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discount_targets" (
	"company_id" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"role" text NOT NULL,
	"type" text NOT NULL,
	"ref_id" text collate "C" NOT NULL,
	CONSTRAINT "discount_targets_company_id_discount_id_role_type_ref_id_pk" PRIMARY KEY("company_id","discount_id","role","type","ref_id"),
	CONSTRAINT "discount_targets_role" CHECK (role in ('for', 'buy')),
	CONSTRAINT "discount_targets_type" CHECK (type in ('product', 'variant', 'collection', 'category'))
);
--> statement-breakpoint
ALTER TABLE "discount_targets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "discounts" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"title" text NOT NULL,
	"method" text NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"kind" text NOT NULL,
	"class" text NOT NULL,
	"priority" integer DEFAULT 0 NOT NULL,
	"percent_ppm" integer,
	"allocation" text DEFAULT 'across' NOT NULL,
	"buy_quantity" integer,
	"get_quantity" integer,
	"repeat_max" integer,
	"quantity_min" integer,
	"first_order_only" boolean DEFAULT false NOT NULL,
	"combines_with_product" boolean NOT NULL,
	"combines_with_order" boolean NOT NULL,
	"combines_with_shipping" boolean NOT NULL,
	"starts_at" timestamp with time zone,
	"ends_at" timestamp with time zone,
	"usage_limit" integer,
	"per_customer_limit" integer,
	"used" integer DEFAULT 0 NOT NULL,
	"code_count" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "discounts_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "discounts_method" CHECK (method in ('automatic', 'code')),
	CONSTRAINT "discounts_status" CHECK (status in ('active', 'paused', 'archived')),
	CONSTRAINT "discounts_kind" CHECK (case kind when 'percentage' then class in ('product', 'order', 'shipping')
        when 'fixed_amount' then class in ('product', 'order')
        when 'fixed_price' then class = 'product' when 'buy_x_get_y' then class = 'product'
        when 'gift' then class = 'product' when 'free_shipping' then class = 'shipping' else false end),
	CONSTRAINT "discounts_percent" CHECK (percent_ppm between 1 and 1000000),
	CONSTRAINT "discounts_percent_given" CHECK ((percent_ppm is not null) = (kind in ('percentage', 'buy_x_get_y'))),
	CONSTRAINT "discounts_allocation" CHECK (allocation in ('each', 'across')),
	CONSTRAINT "discounts_buy" CHECK (((buy_quantity > 0 and get_quantity > 0) is true) = (kind = 'buy_x_get_y')),
	CONSTRAINT "discounts_minimum" CHECK (repeat_max > 0 and quantity_min > 0),
	CONSTRAINT "discounts_window" CHECK (starts_at < ends_at),
	CONSTRAINT "discounts_limits" CHECK (usage_limit > 0 and per_customer_limit > 0),
	CONSTRAINT "discounts_used" CHECK (used >= 0 and used <= usage_limit)
);
--> statement-breakpoint
ALTER TABLE "discounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_free_over" (
	"company_id" text collate "C" NOT NULL,
	"option_id" text collate "C" NOT NULL,
	"currency" text collate "C" NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "shipping_free_over_company_id_option_id_currency_pk" PRIMARY KEY("company_id","option_id","currency"),
	CONSTRAINT "shipping_free_over_amount" CHECK (amount >= 0)
);
--> statement-breakpoint
ALTER TABLE "shipping_free_over" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_options" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"zone_id" text collate "C" NOT NULL,
	"profile_id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"basis" text DEFAULT 'flat' NOT NULL,
	"weight_max_grams" integer,
	"days_min" integer,
	"days_max" integer,
	"position" integer DEFAULT 0 NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shipping_options_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "shipping_options_basis" CHECK (basis in ('flat', 'weight', 'subtotal')),
	CONSTRAINT "shipping_options_weight" CHECK (weight_max_grams > 0),
	CONSTRAINT "shipping_options_days" CHECK (days_min >= 0 and days_max >= 0 and days_min <= days_max)
);
--> statement-breakpoint
ALTER TABLE "shipping_options" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_profile_products" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"profile_id" text collate "C" NOT NULL,
	CONSTRAINT "shipping_profile_products_company_id_product_id_pk" PRIMARY KEY("company_id","product_id")
);
--> statement-breakpoint
ALTER TABLE "shipping_profile_products" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_profiles" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"is_default" boolean DEFAULT false NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shipping_profiles_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "shipping_profiles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_rates" (
	"company_id" text collate "C" NOT NULL,
	"option_id" text collate "C" NOT NULL,
	"currency" text collate "C" NOT NULL,
	"from_step" bigint NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "shipping_rates_company_id_option_id_currency_from_step_pk" PRIMARY KEY("company_id","option_id","currency","from_step"),
	CONSTRAINT "shipping_rates_amounts" CHECK (from_step >= 0 and amount >= 0)
);
--> statement-breakpoint
ALTER TABLE "shipping_rates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_zone_areas" (
	"company_id" text collate "C" NOT NULL,
	"zone_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"country" text collate "C" NOT NULL,
	"region" text,
	"region_key" text collate "C",
	"postcode_pattern" text,
	CONSTRAINT "shipping_zone_areas_company_id_zone_id_position_pk" PRIMARY KEY("company_id","zone_id","position"),
	CONSTRAINT "shipping_zone_areas_region" CHECK ((region is null) = (region_key is null))
);
--> statement-breakpoint
ALTER TABLE "shipping_zone_areas" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "shipping_zones" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shipping_zones_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "shipping_zones" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "tax_rates" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"country" text collate "C" NOT NULL,
	"region" text,
	"region_key" text collate "C",
	"tax_category" text,
	"tax_category_key" text collate "C",
	"rate_ppm" integer NOT NULL,
	"applies_to_shipping" boolean DEFAULT true NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tax_rates_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "tax_rates_place" UNIQUE NULLS NOT DISTINCT("company_id","country","region_key","tax_category_key"),
	CONSTRAINT "tax_rates_rate" CHECK (rate_ppm between 0 and 1000000),
	CONSTRAINT "tax_rates_region" CHECK ((region is null) = (region_key is null)),
	CONSTRAINT "tax_rates_category" CHECK ((tax_category is null) = (tax_category_key is null))
);
--> statement-breakpoint
ALTER TABLE "tax_rates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "cart_codes" (
	"company_id" text collate "C" NOT NULL,
	"cart_id" text collate "C" NOT NULL,
	"code_key" text collate "C" NOT NULL,
	"code" text NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "cart_codes_company_id_cart_id_code_key_pk" PRIMARY KEY("company_id","cart_id","code_key")
);
--> statement-breakpoint
ALTER TABLE "cart_codes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "cart_lines" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"cart_id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"properties" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"properties_key" text collate "C" DEFAULT '' NOT NULL,
	"unit_amount_added" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cart_lines_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "cart_lines_same" UNIQUE("company_id","cart_id","variant_id","properties_key"),
	CONSTRAINT "cart_lines_quantity" CHECK (quantity > 0)
);
--> statement-breakpoint
ALTER TABLE "cart_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "cart_shipping" (
	"company_id" text collate "C" NOT NULL,
	"cart_id" text collate "C" NOT NULL,
	"profile_id" text collate "C" NOT NULL,
	"shipping_option_id" text collate "C" NOT NULL,
	CONSTRAINT "cart_shipping_company_id_cart_id_profile_id_pk" PRIMARY KEY("company_id","cart_id","profile_id")
);
--> statement-breakpoint
ALTER TABLE "cart_shipping" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "carts" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"token_hash" text collate "C" NOT NULL,
	"customer_id" text collate "C",
	"status" text DEFAULT 'open' NOT NULL,
	"currency" text NOT NULL,
	"locale" text,
	"email" text,
	"email_key" text collate "C",
	"phone" text,
	"note" text,
	"shipping_address" jsonb,
	"billing_address" jsonb,
	"merged_into_id" text collate "C",
	"version" integer DEFAULT 1 NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "carts_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "carts_status" CHECK (status in ('open', 'ordered', 'merged'))
);
--> statement-breakpoint
ALTER TABLE "carts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "fulfilment_lines" (
	"company_id" text collate "C" NOT NULL,
	"fulfilment_id" text collate "C" NOT NULL,
	"order_line_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	CONSTRAINT "fulfilment_lines_company_id_fulfilment_id_order_line_id_pk" PRIMARY KEY("company_id","fulfilment_id","order_line_id"),
	CONSTRAINT "fulfilment_lines_quantity" CHECK (quantity > 0)
);
--> statement-breakpoint
ALTER TABLE "fulfilment_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "fulfilments" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"location_id" text collate "C" NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"carrier" text,
	"tracking_numbers" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"tracking_url" text,
	"note" text,
	"failure_reason" text,
	"packed_at" timestamp with time zone,
	"shipped_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "fulfilments_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "fulfilments_status" CHECK (status in ('pending', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'failed', 'returned', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "fulfilments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_counters" (
	"company_id" text collate "C" NOT NULL,
	"last_value" bigint NOT NULL,
	CONSTRAINT "order_counters_company_id_pk" PRIMARY KEY("company_id")
);
--> statement-breakpoint
ALTER TABLE "order_counters" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_discounts" (
	"company_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"discount_id" text collate "C" NOT NULL,
	"class" text NOT NULL,
	"title" text NOT NULL,
	"code" text,
	"amount" bigint NOT NULL,
	CONSTRAINT "order_discounts_company_id_order_id_discount_id_pk" PRIMARY KEY("company_id","order_id","discount_id")
);
--> statement-breakpoint
ALTER TABLE "order_discounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_lines" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"title" text NOT NULL,
	"variant_title" text,
	"sku" text,
	"options" jsonb NOT NULL,
	"properties" jsonb NOT NULL,
	"image_file_id" text collate "C",
	"requires_shipping" boolean NOT NULL,
	"weight_grams" integer,
	"unit_amount" bigint NOT NULL,
	"subtotal" bigint NOT NULL,
	"discount" bigint NOT NULL,
	"taxes" jsonb NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"quantity" integer NOT NULL,
	"fulfilled" integer DEFAULT 0 NOT NULL,
	"shipped" integer DEFAULT 0 NOT NULL,
	"delivered" integer DEFAULT 0 NOT NULL,
	"cancelled" integer DEFAULT 0 NOT NULL,
	"returned" integer DEFAULT 0 NOT NULL,
	"refunded" integer DEFAULT 0 NOT NULL,
	"refunded_total" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "order_lines_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "order_lines_position" UNIQUE("company_id","order_id","position"),
	CONSTRAINT "order_lines_counts" CHECK (quantity > 0 and fulfilled >= 0 and cancelled >= 0 and returned >= 0 and refunded >= 0
        and fulfilled + cancelled <= quantity and shipped between 0 and fulfilled and delivered between 0 and shipped
        and returned <= shipped and refunded <= quantity),
	CONSTRAINT "order_lines_money" CHECK (unit_amount >= 0 and subtotal >= 0 and discount between 0 and subtotal and tax >= 0
        and refunded_total between 0 and total)
);
--> statement-breakpoint
ALTER TABLE "order_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_links" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"token_hash" text collate "C" NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_links_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "order_links" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_shipping_lines" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"profile_id" text collate "C" NOT NULL,
	"shipping_option_id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"amount" bigint NOT NULL,
	"discount" bigint NOT NULL,
	"taxes" jsonb NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"refunded_total" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "order_shipping_lines_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "order_shipping_lines_money" CHECK (amount >= 0 and discount between 0 and amount and tax >= 0
        and refunded_total between 0 and total)
);
--> statement-breakpoint
ALTER TABLE "order_shipping_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_tags" (
	"company_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"tag_key" text collate "C" NOT NULL,
	"tag" text NOT NULL,
	CONSTRAINT "order_tags_company_id_order_id_tag_key_pk" PRIMARY KEY("company_id","order_id","tag_key")
);
--> statement-breakpoint
ALTER TABLE "order_tags" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "order_timeline" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"message" text,
	"data" jsonb,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_timeline_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "order_timeline" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "orders" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"number" text collate "C" NOT NULL,
	"cart_id" text collate "C",
	"cart_version" integer,
	"token_hash" text collate "C" NOT NULL,
	"customer_id" text collate "C",
	"email" text NOT NULL,
	"email_key" text collate "C" NOT NULL,
	"phone" text,
	"locale" text,
	"currency" text NOT NULL,
	"lifecycle" text DEFAULT 'pending' NOT NULL,
	"payment_status" text DEFAULT 'unpaid' NOT NULL,
	"fulfilment_status" text DEFAULT 'none' NOT NULL,
	"return_status" text DEFAULT 'none' NOT NULL,
	"payment_provider" text,
	"shipping_address" jsonb,
	"billing_address" jsonb,
	"prices_include_tax" boolean NOT NULL,
	"subtotal" bigint NOT NULL,
	"discount" bigint NOT NULL,
	"shipping" bigint NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"cancelled_total" bigint DEFAULT 0 NOT NULL,
	"paid_total" bigint DEFAULT 0 NOT NULL,
	"refunded_total" bigint DEFAULT 0 NOT NULL,
	"needs_review" boolean DEFAULT false NOT NULL,
	"explanation" jsonb NOT NULL,
	"customer_note" text,
	"note" text,
	"cancel_reason" text,
	"superseded_by_id" text collate "C",
	"expires_at" timestamp with time zone,
	"cancelled_at" timestamp with time zone,
	"completed_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "orders_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "orders_number" UNIQUE("company_id","number"),
	CONSTRAINT "orders_lifecycle" CHECK (lifecycle in ('pending', 'open', 'completed', 'cancelled', 'expired')),
	CONSTRAINT "orders_payment_status" CHECK (payment_status in ('unpaid', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'not_required')),
	CONSTRAINT "orders_fulfilment_status" CHECK (fulfilment_status in ('none', 'partial', 'fulfilled', 'delivered')),
	CONSTRAINT "orders_return_status" CHECK (return_status in ('none', 'requested', 'partial', 'returned')),
	CONSTRAINT "orders_money" CHECK (subtotal >= 0 and discount >= 0 and shipping >= 0 and tax >= 0 and total >= 0 and paid_total >= 0
        and refunded_total between 0 and paid_total and cancelled_total between 0 and total
        and total = subtotal - discount + shipping + case when prices_include_tax then 0 else tax end)
);
--> statement-breakpoint
ALTER TABLE "orders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_attempts" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"provider" text NOT NULL,
	"reference" text collate "C" NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"mode" text NOT NULL,
	"status" text DEFAULT 'starting' NOT NULL,
	"return_url" text,
	"redirect_url" text,
	"provider_reference" text collate "C",
	"message" text,
	"next_check_at" timestamp with time zone,
	"checks" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_attempts_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "payment_attempts_reference" UNIQUE("company_id","provider","reference"),
	CONSTRAINT "payment_attempts_status" CHECK (status in ('starting', 'pending', 'succeeded', 'failed', 'abandoned', 'refused', 'lapsed'))
);
--> statement-breakpoint
ALTER TABLE "payment_attempts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_notices" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"provider" text NOT NULL,
	"digest" text collate "C" NOT NULL,
	"event_key" text NOT NULL,
	"type" text NOT NULL,
	"body" text NOT NULL,
	"reference" text collate "C",
	"refund_reference" text collate "C",
	"status" text DEFAULT 'waiting' NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"message" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "payment_notices_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "payment_notices_once" UNIQUE("company_id","provider","digest"),
	CONSTRAINT "payment_notices_status" CHECK (status in ('waiting', 'done', 'ignored', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "payment_notices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_transactions" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"attempt_id" text collate "C",
	"refund_id" text collate "C",
	"provider" text NOT NULL,
	"type" text NOT NULL,
	"status" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"fee" bigint,
	"provider_reference" text collate "C" NOT NULL,
	"source" text NOT NULL,
	"message" text,
	"occurred_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_transactions_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "payment_transactions_once" UNIQUE("company_id","provider","provider_reference","type","status"),
	CONSTRAINT "payment_transactions_type" CHECK (type in ('authorise', 'charge', 'refund', 'void')),
	CONSTRAINT "payment_transactions_status" CHECK (status in ('pending', 'succeeded', 'failed')),
	CONSTRAINT "payment_transactions_amount" CHECK (amount >= 0)
);
--> statement-breakpoint
ALTER TABLE "payment_transactions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payments" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"provider" text,
	"captured" bigint DEFAULT 0 NOT NULL,
	"refunds_total" bigint DEFAULT 0 NOT NULL,
	"refunded" bigint DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payments_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "payments_order" UNIQUE("company_id","order_id"),
	CONSTRAINT "payments_status" CHECK (status in ('pending', 'paid', 'partially_refunded', 'refunded', 'cancelled', 'review')),
	CONSTRAINT "payments_sums" CHECK (amount >= 0 and captured >= 0 and refunds_total between 0 and captured and refunded between 0 and refunds_total)
);
--> statement-breakpoint
ALTER TABLE "payments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "refunds" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"attempt_id" text collate "C",
	"provider" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"status" text DEFAULT 'starting' NOT NULL,
	"cause" text NOT NULL,
	"cause_id" text,
	"reason" text NOT NULL,
	"parts" jsonb NOT NULL,
	"provider_reference" text collate "C",
	"message" text,
	"next_check_at" timestamp with time zone,
	"checks" integer DEFAULT 0 NOT NULL,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "refunds_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "refunds_status" CHECK (status in ('starting', 'pending', 'succeeded', 'failed', 'refused', 'needs_attention')),
	CONSTRAINT "refunds_cause_known" CHECK (cause in ('request', 'cancellation', 'late_payment', 'second_payment')),
	CONSTRAINT "refunds_amount" CHECK (amount > 0)
);
--> statement-breakpoint
ALTER TABLE "refunds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "leased_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "holder" text;--> statement-breakpoint
ALTER TABLE "customer_tokens" ADD CONSTRAINT "customer_tokens_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_refresh_tokens" ADD CONSTRAINT "customer_refresh_tokens_company_id_session_id_customer_sessions_company_id_id_fk" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."customer_sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_sessions" ADD CONSTRAINT "customer_sessions_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_addresses" ADD CONSTRAINT "customer_addresses_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_group_members" ADD CONSTRAINT "customer_group_members_company_id_group_id_customer_groups_company_id_id_fk" FOREIGN KEY ("company_id","group_id") REFERENCES "public"."customer_groups"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_group_members" ADD CONSTRAINT "customer_group_members_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_tags" ADD CONSTRAINT "customer_tags_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "discount_amounts" ADD CONSTRAINT "discount_amounts_company_id_discount_id_discounts_company_id_id_fk" FOREIGN KEY ("company_id","discount_id") REFERENCES "public"."discounts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "discount_codes" ADD CONSTRAINT "discount_codes_company_id_discount_id_discounts_company_id_id_fk" FOREIGN KEY ("company_id","discount_id") REFERENCES "public"."discounts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "discount_groups" ADD CONSTRAINT "discount_groups_company_id_discount_id_discounts_company_id_id_fk" FOREIGN KEY ("company_id","discount_id") REFERENCES "public"."discounts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "discount_redemptions" ADD CONSTRAINT "discount_redemptions_company_id_discount_id_discounts_company_id_id_fk" FOREIGN KEY ("company_id","discount_id") REFERENCES "public"."discounts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "discount_targets" ADD CONSTRAINT "discount_targets_company_id_discount_id_discounts_company_id_id_fk" FOREIGN KEY ("company_id","discount_id") REFERENCES "public"."discounts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_free_over" ADD CONSTRAINT "shipping_free_over_company_id_option_id_shipping_options_company_id_id_fk" FOREIGN KEY ("company_id","option_id") REFERENCES "public"."shipping_options"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_options" ADD CONSTRAINT "shipping_options_company_id_zone_id_shipping_zones_company_id_id_fk" FOREIGN KEY ("company_id","zone_id") REFERENCES "public"."shipping_zones"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_options" ADD CONSTRAINT "shipping_options_company_id_profile_id_shipping_profiles_company_id_id_fk" FOREIGN KEY ("company_id","profile_id") REFERENCES "public"."shipping_profiles"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_profile_products" ADD CONSTRAINT "shipping_profile_products_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_profile_products" ADD CONSTRAINT "shipping_profile_products_company_id_profile_id_shipping_profiles_company_id_id_fk" FOREIGN KEY ("company_id","profile_id") REFERENCES "public"."shipping_profiles"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_rates" ADD CONSTRAINT "shipping_rates_company_id_option_id_shipping_options_company_id_id_fk" FOREIGN KEY ("company_id","option_id") REFERENCES "public"."shipping_options"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipping_zone_areas" ADD CONSTRAINT "shipping_zone_areas_company_id_zone_id_shipping_zones_company_id_id_fk" FOREIGN KEY ("company_id","zone_id") REFERENCES "public"."shipping_zones"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cart_codes" ADD CONSTRAINT "cart_codes_company_id_cart_id_carts_company_id_id_fk" FOREIGN KEY ("company_id","cart_id") REFERENCES "public"."carts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cart_lines" ADD CONSTRAINT "cart_lines_company_id_cart_id_carts_company_id_id_fk" FOREIGN KEY ("company_id","cart_id") REFERENCES "public"."carts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cart_lines" ADD CONSTRAINT "cart_lines_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cart_shipping" ADD CONSTRAINT "cart_shipping_company_id_cart_id_carts_company_id_id_fk" FOREIGN KEY ("company_id","cart_id") REFERENCES "public"."carts"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "carts" ADD CONSTRAINT "carts_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfilment_lines" ADD CONSTRAINT "fulfilment_lines_company_id_fulfilment_id_fulfilments_company_id_id_fk" FOREIGN KEY ("company_id","fulfilment_id") REFERENCES "public"."fulfilments"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfilment_lines" ADD CONSTRAINT "fulfilment_lines_company_id_order_line_id_order_lines_company_id_id_fk" FOREIGN KEY ("company_id","order_line_id") REFERENCES "public"."order_lines"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfilments" ADD CONSTRAINT "fulfilments_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfilments" ADD CONSTRAINT "fulfilments_company_id_location_id_stock_locations_company_id_id_fk" FOREIGN KEY ("company_id","location_id") REFERENCES "public"."stock_locations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_discounts" ADD CONSTRAINT "order_discounts_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_links" ADD CONSTRAINT "order_links_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_shipping_lines" ADD CONSTRAINT "order_shipping_lines_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_tags" ADD CONSTRAINT "order_tags_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_timeline" ADD CONSTRAINT "order_timeline_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_company_id_customer_id_customers_company_id_id_fk" FOREIGN KEY ("company_id","customer_id") REFERENCES "public"."customers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_attempts" ADD CONSTRAINT "payment_attempts_company_id_payment_id_payments_company_id_id_fk" FOREIGN KEY ("company_id","payment_id") REFERENCES "public"."payments"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_transactions" ADD CONSTRAINT "payment_transactions_company_id_payment_id_payments_company_id_id_fk" FOREIGN KEY ("company_id","payment_id") REFERENCES "public"."payments"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_company_id_payment_id_payments_company_id_id_fk" FOREIGN KEY ("company_id","payment_id") REFERENCES "public"."payments"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_company_id_order_id_orders_company_id_id_fk" FOREIGN KEY ("company_id","order_id") REFERENCES "public"."orders"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "customer_tokens_by_customer" ON "customer_tokens" USING btree ("company_id","customer_id","id");--> statement-breakpoint
CREATE INDEX "customer_refresh_tokens_by_session" ON "customer_refresh_tokens" USING btree ("company_id","session_id","id");--> statement-breakpoint
CREATE INDEX "customer_sessions_by_customer" ON "customer_sessions" USING btree ("company_id","customer_id","id");--> statement-breakpoint
CREATE INDEX "customer_addresses_by_customer" ON "customer_addresses" USING btree ("company_id","customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "customer_addresses_shipping" ON "customer_addresses" USING btree ("company_id","customer_id") WHERE is_default_shipping;--> statement-breakpoint
CREATE UNIQUE INDEX "customer_addresses_billing" ON "customer_addresses" USING btree ("company_id","customer_id") WHERE is_default_billing;--> statement-breakpoint
CREATE INDEX "customer_group_members_by_customer" ON "customer_group_members" USING btree ("company_id","customer_id","group_id");--> statement-breakpoint
CREATE INDEX "customer_tags_by_tag" ON "customer_tags" USING btree ("company_id","tag_key","customer_id");--> statement-breakpoint
CREATE INDEX "customers_by_name" ON "customers" USING btree ("company_id","name_key","id");--> statement-breakpoint
CREATE INDEX "customers_by_last_name" ON "customers" USING btree ("company_id","last_name_key","id");--> statement-breakpoint
CREATE INDEX "discount_codes_discount" ON "discount_codes" USING btree ("company_id","discount_id","code");--> statement-breakpoint
CREATE INDEX "discount_redemptions_discount" ON "discount_redemptions" USING btree ("company_id","discount_id","id");--> statement-breakpoint
CREATE INDEX "discount_redemptions_cart" ON "discount_redemptions" USING btree ("company_id","cart_id");--> statement-breakpoint
CREATE INDEX "discount_redemptions_customer" ON "discount_redemptions" USING btree ("company_id","customer_id");--> statement-breakpoint
CREATE INDEX "discount_redemptions_email" ON "discount_redemptions" USING btree ("company_id","email_key");--> statement-breakpoint
CREATE INDEX "discounts_automatic" ON "discounts" USING btree ("company_id","id") WHERE method = 'automatic' and status = 'active';--> statement-breakpoint
CREATE INDEX "shipping_options_zone" ON "shipping_options" USING btree ("company_id","zone_id","id");--> statement-breakpoint
CREATE INDEX "shipping_options_profile" ON "shipping_options" USING btree ("company_id","profile_id","id");--> statement-breakpoint
CREATE INDEX "shipping_options_position" ON "shipping_options" USING btree ("company_id","position","id");--> statement-breakpoint
CREATE INDEX "shipping_profile_products_profile" ON "shipping_profile_products" USING btree ("company_id","profile_id","product_id");--> statement-breakpoint
CREATE UNIQUE INDEX "shipping_profiles_default" ON "shipping_profiles" USING btree ("company_id") WHERE is_default;--> statement-breakpoint
CREATE INDEX "shipping_zone_areas_country" ON "shipping_zone_areas" USING btree ("company_id","country","zone_id");--> statement-breakpoint
CREATE INDEX "tax_rates_country" ON "tax_rates" USING btree ("company_id","country","id");--> statement-breakpoint
CREATE INDEX "carts_customer" ON "carts" USING btree ("company_id","customer_id","id");--> statement-breakpoint
CREATE INDEX "carts_expiry" ON "carts" USING btree ("company_id","expires_at");--> statement-breakpoint
CREATE INDEX "fulfilment_lines_order_line" ON "fulfilment_lines" USING btree ("company_id","order_line_id");--> statement-breakpoint
CREATE INDEX "fulfilments_order" ON "fulfilments" USING btree ("company_id","order_id","id");--> statement-breakpoint
CREATE INDEX "fulfilments_status_newest" ON "fulfilments" USING btree ("company_id","status","id");--> statement-breakpoint
CREATE INDEX "order_links_order" ON "order_links" USING btree ("company_id","order_id");--> statement-breakpoint
CREATE INDEX "order_links_expiry" ON "order_links" USING btree ("company_id","expires_at");--> statement-breakpoint
CREATE INDEX "order_shipping_lines_order" ON "order_shipping_lines" USING btree ("company_id","order_id");--> statement-breakpoint
CREATE INDEX "order_tags_tag" ON "order_tags" USING btree ("company_id","tag_key","order_id");--> statement-breakpoint
CREATE INDEX "order_timeline_order" ON "order_timeline" USING btree ("company_id","order_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_cart" ON "orders" USING btree ("company_id","cart_id") WHERE lifecycle not in ('cancelled', 'expired');--> statement-breakpoint
CREATE INDEX "orders_lifecycle_newest" ON "orders" USING btree ("company_id","lifecycle","id");--> statement-breakpoint
CREATE INDEX "orders_email" ON "orders" USING btree ("company_id","email_key","id");--> statement-breakpoint
CREATE INDEX "orders_customer" ON "orders" USING btree ("company_id","customer_id","id");--> statement-breakpoint
CREATE INDEX "orders_review" ON "orders" USING btree ("company_id","id") WHERE needs_review;--> statement-breakpoint
CREATE INDEX "orders_expiry" ON "orders" USING btree ("company_id","expires_at") WHERE lifecycle = 'pending' and expires_at is not null;--> statement-breakpoint
CREATE INDEX "payment_attempts_payment" ON "payment_attempts" USING btree ("company_id","payment_id","id");--> statement-breakpoint
CREATE INDEX "payment_attempts_check" ON "payment_attempts" USING btree ("company_id","next_check_at") WHERE next_check_at is not null;--> statement-breakpoint
CREATE INDEX "payment_notices_due" ON "payment_notices" USING btree ("company_id","due_at") WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX "payment_notices_reference" ON "payment_notices" USING btree ("company_id","provider","reference");--> statement-breakpoint
CREATE INDEX "payment_transactions_payment" ON "payment_transactions" USING btree ("company_id","payment_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_cause" ON "refunds" USING btree ("company_id","cause","cause_id") WHERE cause_id is not null;--> statement-breakpoint
CREATE INDEX "refunds_payment" ON "refunds" USING btree ("company_id","payment_id","id");--> statement-breakpoint
CREATE INDEX "refunds_check" ON "refunds" USING btree ("company_id","next_check_at") WHERE next_check_at is not null;--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_tokens" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_refresh_tokens" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_sessions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_addresses" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_group_members" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_groups" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customer_tags" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "customers" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discount_amounts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discount_codes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discount_groups" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discount_redemptions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discount_targets" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "discounts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_free_over" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_options" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_profile_products" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_profiles" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_rates" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_zone_areas" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "shipping_zones" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "tax_rates" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "cart_codes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "cart_lines" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "cart_shipping" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "carts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "carts" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "fulfilment_lines" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "fulfilments" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_counters" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_discounts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_lines" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_links" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_shipping_lines" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_tags" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "order_timeline" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "orders" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "orders" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "payment_attempts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "payment_attempts" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "payment_notices" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "payment_notices" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "payment_transactions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "payments" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "refunds" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "refunds" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);