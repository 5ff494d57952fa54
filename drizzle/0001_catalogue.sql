CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS btree_gin;--> statement-breakpoint
CREATE TABLE "categories" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"parent_id" text collate "C",
	"path" text collate "C" NOT NULL,
	"handle" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"image_id" text collate "C",
	"seo_title" text,
	"seo_description" text,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "categories_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "categories_handle" UNIQUE("company_id","handle"),
	CONSTRAINT "categories_path" UNIQUE("company_id","path")
);
--> statement-breakpoint
ALTER TABLE "categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "collection_members" (
	"company_id" text collate "C" NOT NULL,
	"collection_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"is_pinned" boolean DEFAULT false NOT NULL,
	"is_excluded" boolean DEFAULT false NOT NULL,
	CONSTRAINT "collection_members_company_id_collection_id_product_id_pk" PRIMARY KEY("company_id","collection_id","product_id"),
	CONSTRAINT "collection_members_word" CHECK (not (is_pinned and is_excluded))
);
--> statement-breakpoint
ALTER TABLE "collection_members" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "collection_rules" (
	"company_id" text collate "C" NOT NULL,
	"collection_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"field" text NOT NULL,
	"operator" text NOT NULL,
	"value" text NOT NULL,
	"currency" text,
	CONSTRAINT "collection_rules_company_id_collection_id_position_pk" PRIMARY KEY("company_id","collection_id","position")
);
--> statement-breakpoint
ALTER TABLE "collection_rules" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "collections" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"handle" text collate "C" NOT NULL,
	"title" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"kind" text NOT NULL,
	"match" text DEFAULT 'all' NOT NULL,
	"sort" text DEFAULT 'manual' NOT NULL,
	"published_at" timestamp with time zone,
	"unpublish_at" timestamp with time zone,
	"image_id" text collate "C",
	"seo_title" text,
	"seo_description" text,
	"rebuild_due_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "collections_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "collections_handle" UNIQUE("company_id","handle"),
	CONSTRAINT "collections_kind" CHECK (kind in ('manual', 'rules')),
	CONSTRAINT "collections_match" CHECK (match in ('all', 'any')),
	CONSTRAINT "collections_sort" CHECK (sort in ('manual', 'newest', 'title', 'price', '-price'))
);
--> statement-breakpoint
ALTER TABLE "collections" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "file_renditions" (
	"company_id" text collate "C" NOT NULL,
	"file_id" text collate "C" NOT NULL,
	"width" integer NOT NULL,
	"format" text NOT NULL,
	"height" integer NOT NULL,
	"storage_key" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	CONSTRAINT "file_renditions_company_id_file_id_width_format_pk" PRIMARY KEY("company_id","file_id","width","format")
);
--> statement-breakpoint
ALTER TABLE "file_renditions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "file_usage" (
	"company_id" text collate "C" NOT NULL,
	"used_bytes" bigint DEFAULT 0 NOT NULL,
	"quota_bytes" bigint,
	CONSTRAINT "file_usage_company_id_pk" PRIMARY KEY("company_id"),
	CONSTRAINT "file_usage_positive" CHECK (used_bytes >= 0)
);
--> statement-breakpoint
ALTER TABLE "file_usage" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "files" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"purpose" text NOT NULL,
	"status" text NOT NULL,
	"storage_key" text NOT NULL,
	"name" text NOT NULL,
	"content_type" text,
	"size_bytes" bigint,
	"sha256" text,
	"width" integer,
	"height" integer,
	"widths" jsonb,
	"source_url" text,
	"source_key" text,
	"failure" text,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_by_type" text NOT NULL,
	"created_by_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "files_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "files_purpose" CHECK (purpose in ('image', 'import', 'export')),
	CONSTRAINT "files_status" CHECK (status in ('awaiting_upload', 'remote', 'stored', 'ready', 'failed', 'deleting'))
);
--> statement-breakpoint
ALTER TABLE "files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_availability" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"is_available" boolean NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "product_availability_company_id_product_id_pk" PRIMARY KEY("company_id","product_id")
);
--> statement-breakpoint
ALTER TABLE "product_availability" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_items" (
	"company_id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"low_stock_threshold" integer,
	"is_low" boolean DEFAULT false NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "stock_items_company_id_variant_id_pk" PRIMARY KEY("company_id","variant_id"),
	CONSTRAINT "stock_items_threshold" CHECK (low_stock_threshold >= 0)
);
--> statement-breakpoint
ALTER TABLE "stock_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_levels" (
	"company_id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"location_id" text collate "C" NOT NULL,
	"on_hand" integer DEFAULT 0 NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"incoming" integer DEFAULT 0 NOT NULL,
	"safety_stock" integer DEFAULT 0 NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_levels_company_id_variant_id_location_id_pk" PRIMARY KEY("company_id","variant_id","location_id"),
	CONSTRAINT "stock_levels_counters" CHECK (on_hand >= 0 and reserved >= 0 and incoming >= 0 and safety_stock >= 0)
);
--> statement-breakpoint
ALTER TABLE "stock_levels" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_locations" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"handle" text collate "C" NOT NULL,
	"address" jsonb,
	"priority" integer DEFAULT 0 NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_locations_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "stock_locations_handle" UNIQUE("company_id","handle")
);
--> statement-breakpoint
ALTER TABLE "stock_locations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_movements" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"location_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"on_hand_delta" integer DEFAULT 0 NOT NULL,
	"reserved_delta" integer DEFAULT 0 NOT NULL,
	"incoming_delta" integer DEFAULT 0 NOT NULL,
	"cause_type" text,
	"cause_id" text,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_movements_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "stock_movements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_refreshes" (
	"company_id" text collate "C" NOT NULL,
	"after_product_id" text collate "C",
	"round" integer DEFAULT 1 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_refreshes_company_id_pk" PRIMARY KEY("company_id")
);
--> statement-breakpoint
ALTER TABLE "stock_refreshes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_reservations" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"owner_type" text NOT NULL,
	"owner_id" text NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"location_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"wanted_variant_id" text collate "C" NOT NULL,
	"pieces_each" integer DEFAULT 1 NOT NULL,
	"status" text DEFAULT 'held' NOT NULL,
	"expires_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "stock_reservations_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "stock_reservations_quantity" CHECK (quantity > 0 and pieces_each > 0),
	CONSTRAINT "stock_reservations_status" CHECK (status in ('held', 'released', 'expired', 'consumed'))
);
--> statement-breakpoint
ALTER TABLE "stock_reservations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_transfer_lines" (
	"company_id" text collate "C" NOT NULL,
	"transfer_id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"received" integer DEFAULT 0 NOT NULL,
	"lost" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "stock_transfer_lines_company_id_transfer_id_variant_id_pk" PRIMARY KEY("company_id","transfer_id","variant_id"),
	CONSTRAINT "stock_transfer_lines_quantities" CHECK (quantity > 0 and received >= 0 and lost >= 0 and received + lost <= quantity)
);
--> statement-breakpoint
ALTER TABLE "stock_transfer_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stock_transfers" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"from_location_id" text collate "C" NOT NULL,
	"to_location_id" text collate "C" NOT NULL,
	"status" text DEFAULT 'draft' NOT NULL,
	"reference" text,
	"sent_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_transfers_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "stock_transfers_status" CHECK (status in ('draft', 'in_transit', 'received', 'cancelled')),
	CONSTRAINT "stock_transfers_two_places" CHECK (from_location_id <> to_location_id)
);
--> statement-breakpoint
ALTER TABLE "stock_transfers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "listing_prices" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"currency" text NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"valid_until" timestamp with time zone NOT NULL,
	"min_amount" bigint NOT NULL,
	"max_amount" bigint NOT NULL,
	"compare_at" bigint,
	CONSTRAINT "listing_prices_company_id_product_id_currency_valid_from_pk" PRIMARY KEY("company_id","product_id","currency","valid_from")
);
--> statement-breakpoint
ALTER TABLE "listing_prices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "price_changes" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"price_id" text collate "C" NOT NULL,
	"change" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"compare_at" bigint,
	"valid_from" timestamp with time zone,
	"valid_until" timestamp with time zone,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "price_changes_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "price_changes_change" CHECK (change in ('set', 'removed'))
);
--> statement-breakpoint
ALTER TABLE "price_changes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "prices" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"currency" text NOT NULL,
	"price_list_id" text,
	"min_quantity" integer DEFAULT 1 NOT NULL,
	"amount" bigint NOT NULL,
	"compare_at" bigint,
	"valid_from" timestamp with time zone,
	"valid_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "prices_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "prices_amount" CHECK (amount >= 0 and compare_at >= 0),
	CONSTRAINT "prices_window" CHECK (valid_from < valid_until)
);
--> statement-breakpoint
ALTER TABLE "prices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_exports" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"due_at" timestamp with time zone DEFAULT now(),
	"is_cancel_requested" boolean DEFAULT false NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_by_type" text NOT NULL,
	"created_by_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"file_id" text collate "C",
	"products_done" integer DEFAULT 0 NOT NULL,
	"rows_done" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "product_exports_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "product_exports_status" CHECK (status in ('queued', 'running', 'completed', 'failed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "product_exports" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_import_errors" (
	"company_id" text collate "C" NOT NULL,
	"import_id" text collate "C" NOT NULL,
	"row_number" integer NOT NULL,
	"position" integer NOT NULL,
	"column" text,
	"code" text NOT NULL,
	"message" text NOT NULL,
	"handle" text,
	CONSTRAINT "product_import_errors_company_id_import_id_row_number_position_pk" PRIMARY KEY("company_id","import_id","row_number","position")
);
--> statement-breakpoint
ALTER TABLE "product_import_errors" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_imports" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"due_at" timestamp with time zone DEFAULT now(),
	"is_cancel_requested" boolean DEFAULT false NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_by_type" text NOT NULL,
	"created_by_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"format" text NOT NULL,
	"file_id" text collate "C" NOT NULL,
	"file_name" text NOT NULL,
	"is_dry_run" boolean DEFAULT false NOT NULL,
	"currency" text NOT NULL,
	"updates_stock" boolean DEFAULT false NOT NULL,
	"rows_total" integer,
	"rows_done" integer DEFAULT 0 NOT NULL,
	"ahead" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"lease" text,
	"counts" jsonb NOT NULL,
	"ignored_columns" jsonb DEFAULT '[]'::jsonb NOT NULL,
	CONSTRAINT "product_imports_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "product_imports_status" CHECK (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
	CONSTRAINT "product_imports_format" CHECK (format in ('souk', 'shopify'))
);
--> statement-breakpoint
ALTER TABLE "product_imports" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "attribute_definitions" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	"unit" text,
	"choices" jsonb,
	"is_public" boolean DEFAULT true NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "attribute_definitions_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "attribute_definitions_key" UNIQUE("company_id","key"),
	CONSTRAINT "attribute_definitions_type" CHECK (type in ('text', 'number', 'boolean', 'date', 'choice'))
);
--> statement-breakpoint
ALTER TABLE "attribute_definitions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_attributes" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"definition_id" text collate "C" NOT NULL,
	"value" text NOT NULL,
	CONSTRAINT "product_attributes_company_id_product_id_definition_id_pk" PRIMARY KEY("company_id","product_id","definition_id")
);
--> statement-breakpoint
ALTER TABLE "product_attributes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_categories" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"category_id" text collate "C" NOT NULL,
	CONSTRAINT "product_categories_company_id_product_id_category_id_pk" PRIMARY KEY("company_id","product_id","category_id")
);
--> statement-breakpoint
ALTER TABLE "product_categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_search_documents" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"title_words" text NOT NULL,
	"key_words" text NOT NULL,
	"body_words" text NOT NULL,
	"document" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('simple', translate(title_words, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                                ')), 'A') || setweight(to_tsvector('simple', translate(key_words, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                                ')), 'B') || setweight(to_tsvector('simple', translate(body_words, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                                ')), 'D')) STORED NOT NULL,
	CONSTRAINT "product_search_documents_company_id_product_id_pk" PRIMARY KEY("company_id","product_id")
);
--> statement-breakpoint
ALTER TABLE "product_search_documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_tags" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"tag_key" text collate "C" NOT NULL,
	"tag" text NOT NULL,
	CONSTRAINT "product_tags_company_id_product_id_tag_key_pk" PRIMARY KEY("company_id","product_id","tag_key")
);
--> statement-breakpoint
ALTER TABLE "product_tags" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_translations" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"locale" text collate "C" NOT NULL,
	"title" text,
	"description" text,
	"seo_title" text,
	"seo_description" text,
	CONSTRAINT "product_translations_company_id_product_id_locale_pk" PRIMARY KEY("company_id","product_id","locale")
);
--> statement-breakpoint
ALTER TABLE "product_translations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_handles" (
	"company_id" text collate "C" NOT NULL,
	"handle" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "product_handles_company_id_handle_pk" PRIMARY KEY("company_id","handle")
);
--> statement-breakpoint
ALTER TABLE "product_handles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_media" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"file_id" text collate "C" NOT NULL,
	"alt" text DEFAULT '' NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "product_media_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "product_media" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_option_values" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"option_position" integer NOT NULL,
	"position" integer NOT NULL,
	"value" text NOT NULL,
	"value_key" text collate "C" NOT NULL,
	CONSTRAINT "product_option_values_company_id_product_id_option_position_position_pk" PRIMARY KEY("company_id","product_id","option_position","position"),
	CONSTRAINT "product_option_values_value" UNIQUE("company_id","product_id","option_position","value_key")
);
--> statement-breakpoint
ALTER TABLE "product_option_values" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_options" (
	"company_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"name" text NOT NULL,
	"name_key" text collate "C" NOT NULL,
	CONSTRAINT "product_options_company_id_product_id_position_pk" PRIMARY KEY("company_id","product_id","position"),
	CONSTRAINT "product_options_name" UNIQUE("company_id","product_id","name_key"),
	CONSTRAINT "product_options_position" CHECK (position between 1 and 3)
);
--> statement-breakpoint
ALTER TABLE "product_options" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "products" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"handle" text collate "C" NOT NULL,
	"title" text NOT NULL,
	"title_key" text collate "C" NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"kind" text DEFAULT 'simple' NOT NULL,
	"status" text DEFAULT 'draft' NOT NULL,
	"published_at" timestamp with time zone,
	"unpublish_at" timestamp with time zone,
	"vendor" text,
	"vendor_key" text collate "C",
	"product_type" text,
	"product_type_key" text collate "C",
	"seo_title" text,
	"seo_description" text,
	"submitted_by_id" text,
	"rejection_reason" text,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "products_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "products_handle" UNIQUE("company_id","handle"),
	CONSTRAINT "products_kind" CHECK (kind in ('simple', 'variable', 'bundle', 'gift')),
	CONSTRAINT "products_status" CHECK (status in ('draft', 'pending_approval', 'active', 'archived')),
	CONSTRAINT "products_published" CHECK (status <> 'active' or published_at is not null)
);
--> statement-breakpoint
ALTER TABLE "products" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "bundle_components" (
	"company_id" text collate "C" NOT NULL,
	"bundle_variant_id" text collate "C" NOT NULL,
	"component_variant_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "bundle_components_company_id_bundle_variant_id_component_variant_id_pk" PRIMARY KEY("company_id","bundle_variant_id","component_variant_id"),
	CONSTRAINT "bundle_components_quantity" CHECK (quantity > 0),
	CONSTRAINT "bundle_components_not_itself" CHECK (bundle_variant_id <> component_variant_id)
);
--> statement-breakpoint
ALTER TABLE "bundle_components" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_variants" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"sku" text,
	"sku_key" text collate "C",
	"barcode" text collate "C",
	"option1" text,
	"option2" text,
	"option3" text,
	"options_key" text collate "C" DEFAULT '' NOT NULL,
	"weight_grams" integer,
	"length_mm" integer,
	"width_mm" integer,
	"height_mm" integer,
	"tax_category" text,
	"is_taxable" boolean DEFAULT true NOT NULL,
	"requires_shipping" boolean DEFAULT true NOT NULL,
	"tracks_stock" boolean DEFAULT true NOT NULL,
	"backorder" text,
	"medium_id" text collate "C",
	"archived_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "product_variants_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "product_variants_backorder" CHECK (backorder in ('deny', 'allow')),
	CONSTRAINT "product_variants_measures" CHECK (weight_grams >= 0 and length_mm >= 0 and width_mm >= 0 and height_mm >= 0)
);
--> statement-breakpoint
ALTER TABLE "product_variants" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "variant_options" (
	"company_id" text collate "C" NOT NULL,
	"variant_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"name_key" text collate "C" NOT NULL,
	"value_key" text collate "C" NOT NULL,
	CONSTRAINT "variant_options_company_id_variant_id_name_key_pk" PRIMARY KEY("company_id","variant_id","name_key")
);
--> statement-breakpoint
ALTER TABLE "variant_options" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalogue_versions" (
	"company_id" text collate "C" NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	CONSTRAINT "catalogue_versions_company_id_pk" PRIMARY KEY("company_id")
);
--> statement-breakpoint
ALTER TABLE "catalogue_versions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "categories" ADD CONSTRAINT "categories_company_id_parent_id_categories_company_id_id_fk" FOREIGN KEY ("company_id","parent_id") REFERENCES "public"."categories"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "categories" ADD CONSTRAINT "categories_company_id_image_id_files_company_id_id_fk" FOREIGN KEY ("company_id","image_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_members" ADD CONSTRAINT "collection_members_company_id_collection_id_collections_company_id_id_fk" FOREIGN KEY ("company_id","collection_id") REFERENCES "public"."collections"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_members" ADD CONSTRAINT "collection_members_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_rules" ADD CONSTRAINT "collection_rules_company_id_collection_id_collections_company_id_id_fk" FOREIGN KEY ("company_id","collection_id") REFERENCES "public"."collections"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collections" ADD CONSTRAINT "collections_company_id_image_id_files_company_id_id_fk" FOREIGN KEY ("company_id","image_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "file_renditions" ADD CONSTRAINT "file_renditions_company_id_file_id_files_company_id_id_fk" FOREIGN KEY ("company_id","file_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_availability" ADD CONSTRAINT "product_availability_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_items" ADD CONSTRAINT "stock_items_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_levels" ADD CONSTRAINT "stock_levels_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_levels" ADD CONSTRAINT "stock_levels_company_id_location_id_stock_locations_company_id_id_fk" FOREIGN KEY ("company_id","location_id") REFERENCES "public"."stock_locations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_movements" ADD CONSTRAINT "stock_movements_company_id_variant_id_location_id_stock_levels_company_id_variant_id_location_id_fk" FOREIGN KEY ("company_id","variant_id","location_id") REFERENCES "public"."stock_levels"("company_id","variant_id","location_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_reservations" ADD CONSTRAINT "stock_reservations_company_id_variant_id_location_id_stock_levels_company_id_variant_id_location_id_fk" FOREIGN KEY ("company_id","variant_id","location_id") REFERENCES "public"."stock_levels"("company_id","variant_id","location_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_transfer_lines" ADD CONSTRAINT "stock_transfer_lines_company_id_transfer_id_stock_transfers_company_id_id_fk" FOREIGN KEY ("company_id","transfer_id") REFERENCES "public"."stock_transfers"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_transfer_lines" ADD CONSTRAINT "stock_transfer_lines_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_transfers" ADD CONSTRAINT "stock_transfers_company_id_from_location_id_stock_locations_company_id_id_fk" FOREIGN KEY ("company_id","from_location_id") REFERENCES "public"."stock_locations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_transfers" ADD CONSTRAINT "stock_transfers_company_id_to_location_id_stock_locations_company_id_id_fk" FOREIGN KEY ("company_id","to_location_id") REFERENCES "public"."stock_locations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listing_prices" ADD CONSTRAINT "listing_prices_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_changes" ADD CONSTRAINT "price_changes_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_exports" ADD CONSTRAINT "product_exports_company_id_file_id_files_company_id_id_fk" FOREIGN KEY ("company_id","file_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_import_errors" ADD CONSTRAINT "product_import_errors_company_id_import_id_product_imports_company_id_id_fk" FOREIGN KEY ("company_id","import_id") REFERENCES "public"."product_imports"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_imports" ADD CONSTRAINT "product_imports_company_id_file_id_files_company_id_id_fk" FOREIGN KEY ("company_id","file_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_attributes" ADD CONSTRAINT "product_attributes_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_attributes" ADD CONSTRAINT "product_attributes_company_id_definition_id_attribute_definitions_company_id_id_fk" FOREIGN KEY ("company_id","definition_id") REFERENCES "public"."attribute_definitions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_categories" ADD CONSTRAINT "product_categories_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_categories" ADD CONSTRAINT "product_categories_company_id_category_id_categories_company_id_id_fk" FOREIGN KEY ("company_id","category_id") REFERENCES "public"."categories"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_search_documents" ADD CONSTRAINT "product_search_documents_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_tags" ADD CONSTRAINT "product_tags_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_translations" ADD CONSTRAINT "product_translations_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_handles" ADD CONSTRAINT "product_handles_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_media" ADD CONSTRAINT "product_media_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_media" ADD CONSTRAINT "product_media_company_id_file_id_files_company_id_id_fk" FOREIGN KEY ("company_id","file_id") REFERENCES "public"."files"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_option_values" ADD CONSTRAINT "product_option_values_company_id_product_id_option_position_product_options_company_id_product_id_position_fk" FOREIGN KEY ("company_id","product_id","option_position") REFERENCES "public"."product_options"("company_id","product_id","position") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_options" ADD CONSTRAINT "product_options_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bundle_components" ADD CONSTRAINT "bundle_components_company_id_bundle_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","bundle_variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bundle_components" ADD CONSTRAINT "bundle_components_company_id_component_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","component_variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_variants" ADD CONSTRAINT "product_variants_company_id_product_id_products_company_id_id_fk" FOREIGN KEY ("company_id","product_id") REFERENCES "public"."products"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_variants" ADD CONSTRAINT "product_variants_company_id_medium_id_product_media_company_id_id_fk" FOREIGN KEY ("company_id","medium_id") REFERENCES "public"."product_media"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "variant_options" ADD CONSTRAINT "variant_options_company_id_variant_id_product_variants_company_id_id_fk" FOREIGN KEY ("company_id","variant_id") REFERENCES "public"."product_variants"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "categories_children" ON "categories" USING btree ("company_id","parent_id","position","id");--> statement-breakpoint
CREATE INDEX "collection_members_order" ON "collection_members" USING btree ("company_id","collection_id","position","product_id");--> statement-breakpoint
CREATE INDEX "collection_members_product" ON "collection_members" USING btree ("company_id","product_id");--> statement-breakpoint
CREATE INDEX "collections_rebuild" ON "collections" USING btree ("company_id","rebuild_due_at") WHERE rebuild_due_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "files_source" ON "files" USING btree ("company_id","source_key") WHERE source_key is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "files_storage_key" ON "files" USING btree ("company_id","storage_key");--> statement-breakpoint
CREATE INDEX "files_content" ON "files" USING btree ("company_id","sha256");--> statement-breakpoint
CREATE INDEX "files_due" ON "files" USING btree ("company_id","due_at") WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX "files_newest" ON "files" USING btree ("company_id","purpose","id");--> statement-breakpoint
CREATE INDEX "product_availability_yes" ON "product_availability" USING btree ("company_id","product_id") WHERE is_available;--> statement-breakpoint
CREATE INDEX "stock_items_low" ON "stock_items" USING btree ("company_id","variant_id") WHERE is_low;--> statement-breakpoint
CREATE INDEX "stock_levels_location" ON "stock_levels" USING btree ("company_id","location_id","variant_id");--> statement-breakpoint
CREATE INDEX "stock_locations_priority" ON "stock_locations" USING btree ("company_id","priority","id");--> statement-breakpoint
CREATE INDEX "stock_movements_variant" ON "stock_movements" USING btree ("company_id","variant_id","id");--> statement-breakpoint
CREATE INDEX "stock_movements_cause" ON "stock_movements" USING btree ("company_id","cause_type","cause_id");--> statement-breakpoint
CREATE INDEX "stock_reservations_owner" ON "stock_reservations" USING btree ("company_id","owner_type","owner_id");--> statement-breakpoint
CREATE INDEX "stock_reservations_held" ON "stock_reservations" USING btree ("company_id","variant_id","location_id","expires_at") WHERE status = 'held';--> statement-breakpoint
CREATE INDEX "stock_reservations_expiry" ON "stock_reservations" USING btree ("company_id","expires_at") WHERE status = 'held' and expires_at is not null;--> statement-breakpoint
CREATE INDEX "stock_transfers_newest" ON "stock_transfers" USING btree ("company_id","status","id");--> statement-breakpoint
CREATE INDEX "listing_prices_amount" ON "listing_prices" USING btree ("company_id","currency","min_amount","product_id");--> statement-breakpoint
CREATE INDEX "listing_prices_boundary" ON "listing_prices" USING btree ("company_id","valid_from");--> statement-breakpoint
CREATE INDEX "price_changes_variant" ON "price_changes" USING btree ("company_id","variant_id","id");--> statement-breakpoint
CREATE INDEX "prices_variant" ON "prices" USING btree ("company_id","variant_id","currency");--> statement-breakpoint
CREATE UNIQUE INDEX "prices_base" ON "prices" USING btree ("company_id","variant_id","currency") WHERE price_list_id is null and min_quantity = 1 and valid_from is null and valid_until is null;--> statement-breakpoint
CREATE INDEX "product_exports_due" ON "product_exports" USING btree ("company_id","due_at") WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "product_exports_newest" ON "product_exports" USING btree ("company_id","id");--> statement-breakpoint
CREATE INDEX "product_imports_due" ON "product_imports" USING btree ("company_id","due_at") WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "product_imports_newest" ON "product_imports" USING btree ("company_id","id");--> statement-breakpoint
CREATE INDEX "product_attributes_definition" ON "product_attributes" USING btree ("company_id","definition_id");--> statement-breakpoint
CREATE INDEX "product_categories_category" ON "product_categories" USING btree ("company_id","category_id","product_id");--> statement-breakpoint
CREATE INDEX "product_search_documents_words" ON "product_search_documents" USING gin ("company_id","document");--> statement-breakpoint
CREATE INDEX "product_search_documents_title" ON "product_search_documents" USING gin ("company_id","title_words" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "product_tags_tag" ON "product_tags" USING btree ("company_id","tag_key","product_id");--> statement-breakpoint
CREATE INDEX "product_handles_product" ON "product_handles" USING btree ("company_id","product_id");--> statement-breakpoint
CREATE INDEX "product_media_product" ON "product_media" USING btree ("company_id","product_id","position");--> statement-breakpoint
CREATE INDEX "product_media_file" ON "product_media" USING btree ("company_id","file_id");--> statement-breakpoint
CREATE INDEX "products_newest" ON "products" USING btree ("company_id","published_at" DESC NULLS LAST,"id" DESC NULLS LAST) WHERE status = 'active';--> statement-breakpoint
CREATE INDEX "products_title" ON "products" USING btree ("company_id","title_key","id") WHERE status = 'active';--> statement-breakpoint
CREATE INDEX "products_vendor" ON "products" USING btree ("company_id","vendor_key","id");--> statement-breakpoint
CREATE INDEX "products_type" ON "products" USING btree ("company_id","product_type_key","id");--> statement-breakpoint
CREATE INDEX "products_status_newest" ON "products" USING btree ("company_id","status","id");--> statement-breakpoint
CREATE INDEX "products_updated" ON "products" USING btree ("company_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "products_all_titles" ON "products" USING btree ("company_id","title_key","id");--> statement-breakpoint
CREATE INDEX "products_unpublish" ON "products" USING btree ("company_id","unpublish_at") WHERE unpublish_at is not null;--> statement-breakpoint
CREATE INDEX "bundle_components_component" ON "bundle_components" USING btree ("company_id","component_variant_id");--> statement-breakpoint
CREATE UNIQUE INDEX "product_variants_sku" ON "product_variants" USING btree ("company_id","sku_key");--> statement-breakpoint
CREATE UNIQUE INDEX "product_variants_options" ON "product_variants" USING btree ("company_id","product_id","options_key") WHERE archived_at is null;--> statement-breakpoint
CREATE INDEX "product_variants_product" ON "product_variants" USING btree ("company_id","product_id","position");--> statement-breakpoint
CREATE INDEX "product_variants_barcode" ON "product_variants" USING btree ("company_id","barcode");--> statement-breakpoint
CREATE INDEX "variant_options_value" ON "variant_options" USING btree ("company_id","name_key","value_key","product_id");--> statement-breakpoint
CREATE INDEX "variant_options_product" ON "variant_options" USING btree ("company_id","product_id");--> statement-breakpoint
CREATE POLICY "company_wall" ON "categories" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "collection_members" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "collection_rules" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "collections" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "collections" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "file_renditions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "file_usage" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "files" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "files" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_availability" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_items" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_levels" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_locations" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_movements" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_refreshes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "stock_refreshes" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_reservations" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "stock_reservations" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_transfer_lines" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "stock_transfers" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "listing_prices" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "price_changes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "prices" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_exports" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "product_exports" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_import_errors" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_imports" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "product_imports" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "attribute_definitions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_attributes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_categories" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_search_documents" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "search_look" ON "product_search_documents" AS PERMISSIVE FOR SELECT TO "souk_search" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_tags" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_translations" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_handles" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_media" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_option_values" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_options" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "products" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "bundle_components" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "product_variants" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "variant_options" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "catalogue_versions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "version_look" ON "catalogue_versions" AS PERMISSIVE FOR SELECT TO "souk_app" USING (true);