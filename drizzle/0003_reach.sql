CREATE TABLE "notification_templates" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"template" text NOT NULL,
	"subject" text NOT NULL,
	"html" text NOT NULL,
	"text" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notification_templates_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "notification_templates_once" UNIQUE("company_id","template"),
	CONSTRAINT "notification_templates_subject" CHECK (subject <> '')
);
--> statement-breakpoint
ALTER TABLE "notification_templates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notification_attempts" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"notification_id" text collate "C" NOT NULL,
	"number" integer NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"error" text,
	"note" text,
	CONSTRAINT "notification_attempts_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "notification_attempts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_attempts" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"delivery_id" text collate "C" NOT NULL,
	"number" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"status_code" integer,
	"error" text,
	"response_body" text,
	CONSTRAINT "webhook_attempts_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "webhook_attempts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"endpoint_id" text collate "C" NOT NULL,
	"event_id" text collate "C" NOT NULL,
	"event_type" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"leased_until" timestamp with time zone,
	"last_status_code" integer,
	"last_error" text,
	"redeliveries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "webhook_deliveries_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "webhook_deliveries_once" UNIQUE("company_id","endpoint_id","event_id"),
	CONSTRAINT "webhook_deliveries_status" CHECK (status in ('pending', 'succeeded', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"url" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"event_types" jsonb NOT NULL,
	"header_names" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"is_ordered" boolean DEFAULT false NOT NULL,
	"status" text DEFAULT 'enabled' NOT NULL,
	"disabled_reason" text,
	"disabled_at" timestamp with time zone,
	"previous_secret_until" timestamp with time zone,
	"failing_since" timestamp with time zone,
	"failures_in_a_row" integer DEFAULT 0 NOT NULL,
	"paused_until" timestamp with time zone,
	"last_success_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "webhook_endpoints_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "webhook_endpoints_status" CHECK (status in ('enabled', 'disabled')),
	CONSTRAINT "webhook_endpoints_disabled" CHECK ((status = 'disabled') = (disabled_at is not null))
);
--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "notifications" DROP CONSTRAINT "notifications_once";--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "is_test" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "endpoint_id" text collate "C";--> statement-breakpoint
ALTER TABLE "notifications" ADD COLUMN "recipient_key" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "notifications" ADD COLUMN "counted_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "notifications" ADD COLUMN "is_kept" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "notifications" ADD COLUMN "original_id" text collate "C";--> statement-breakpoint
ALTER TABLE "carts" ADD COLUMN "abandoned_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "notification_attempts" ADD CONSTRAINT "notification_attempts_company_id_notification_id_notifications_company_id_id_fk" FOREIGN KEY ("company_id","notification_id") REFERENCES "public"."notifications"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_company_id_delivery_id_webhook_deliveries_company_id_id_fk" FOREIGN KEY ("company_id","delivery_id") REFERENCES "public"."webhook_deliveries"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_company_id_endpoint_id_webhook_endpoints_company_id_id_fk" FOREIGN KEY ("company_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_company_id_event_id_events_company_id_id_fk" FOREIGN KEY ("company_id","event_id") REFERENCES "public"."events"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "notification_attempts_by_notification" ON "notification_attempts" USING btree ("company_id","notification_id","number");--> statement-breakpoint
CREATE INDEX "webhook_attempts_by_delivery" ON "webhook_attempts" USING btree ("company_id","delivery_id","number");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("company_id","endpoint_id","due_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_oldest" ON "webhook_deliveries" USING btree ("company_id","endpoint_id","event_id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_event" ON "webhook_deliveries" USING btree ("company_id","event_id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_endpoint" ON "webhook_deliveries" USING btree ("company_id","endpoint_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_failed" ON "webhook_deliveries" USING btree ("company_id","id") WHERE status = 'failed';--> statement-breakpoint
CREATE INDEX "events_by_type" ON "events" USING btree ("company_id","type","id");--> statement-breakpoint
CREATE INDEX "events_made_up" ON "events" USING btree ("company_id","id") WHERE is_test;--> statement-breakpoint
CREATE UNIQUE INDEX "notifications_once" ON "notifications" USING btree ("company_id","event_id","template","recipient") WHERE original_id is null;--> statement-breakpoint
CREATE INDEX "notifications_by_event" ON "notifications" USING btree ("company_id","event_id");--> statement-breakpoint
CREATE INDEX "notifications_failed" ON "notifications" USING btree ("company_id","id") WHERE status = 'failed';--> statement-breakpoint
CREATE INDEX "notifications_by_recipient" ON "notifications" USING btree ("company_id","recipient_key","id");--> statement-breakpoint
CREATE POLICY "company_wall" ON "notification_templates" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "notification_attempts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "webhook_attempts" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "webhook_deliveries" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "webhook_deliveries" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "webhook_endpoints" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "webhook_endpoints" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);