import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { API_CONTEXT } from './context.ts';
import type { ApiContext, FaceRoutes } from './context.ts';
import { OnCatalogueChanged } from './events/on-catalogue-changed.ts';
import { ConsoleController } from './faces/console/console-controller.ts';
import { EodhController } from './faces/eodh/eodh-controller.ts';
import { DocsController } from './faces/eodh/docs-controller.ts';
import { MeController } from './faces/eodh/me-controller.ts';
import { HarvestedController } from './faces/eodh/harvested-controller.ts';
import { SearchController } from './faces/eodh/search-controller.ts';
import { StacController } from './faces/eodh/stac-controller.ts';
import { WorkspaceController } from './faces/eodh/workspace-controller.ts';
import { FilesController } from './faces/files/files-controller.ts';
import { JobController } from './faces/ogc/job-controller.ts';
import { OgcController } from './faces/ogc/ogc-controller.ts';
import { OperatorController } from './faces/own/operator-controller.ts';
import { EventController } from './faces/own/event-controller.ts';
import { HarvestController } from './faces/own/harvest-controller.ts';
import { OwnController } from './faces/own/own-controller.ts';
import { TriggerController } from './faces/own/trigger-controller.ts';
import { OwnWorkspaceController } from './faces/own/own-workspace-controller.ts';
import { TenantController } from './faces/own/tenant-controller.ts';
import { WebhookController } from './faces/own/webhook-controller.ts';
import { RunController } from './faces/own/run-controller.ts';
import { SiteController } from './faces/site/site-controller.ts';
import { OnHarvestChanged } from './harvest/on-harvest-changed.ts';
import { routesOf } from './http/open-api.ts';

/** What each face consists of; those that describe themselves are described by this list. */
const faces = {
  ogc: [OgcController, JobController],
  own: [
    RunController,
    OwnController,
    OwnWorkspaceController,
    OperatorController,
    TenantController,
    EventController,
    HarvestController,
    TriggerController,
    WebhookController,
    FilesController,
    ConsoleController,
  ],
  eodh: [EodhController, StacController, SearchController, HarvestedController, MeController, WorkspaceController, DocsController],
  site: [SiteController],
};

/** Every face. A test calls each of their routes without a token, and with another workspace's. */
export const controllers = Object.values(faces).flat();

/** Their routes, for their descriptions. */
export const faceRoutes: FaceRoutes = { ogc: routesOf(faces.ogc), own: routesOf(faces.own), eodh: routesOf(faces.eodh) };

@Module({})
export class ApiModule {
  static with(context: ApiContext): DynamicModule {
    return {
      module: ApiModule,
      controllers: [...controllers, OnHarvestChanged, OnCatalogueChanged],
      providers: [{ provide: API_CONTEXT, useValue: context }],
    };
  }
}
